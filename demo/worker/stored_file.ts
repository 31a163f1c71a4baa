/**
 * The visitor's file, copied into the origin's private files beside the training that needs it, so that it goes on
 * after a reload.
 */

const FOLDER = "sluice-page-files";

/** The folder; whoever only reads or removes makes none, which fails where the storage is full. */
async function folder({ create }: { readonly create: boolean }): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create });
}

/** What identifies a file to the page that looks for it again. */
export interface FileMark {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Copies a file under the name of its training's place; the one that was there goes.
 * @throws QuotaExceededError (a DOMException) when the storage is full.
 */
export async function keepFile(place: string, file: File): Promise<void> {
  const handle = await (await folder({ create: true })).getFileHandle(place, { create: true });
  await file.stream().pipeTo(await handle.createWritable());
}

/** The copy; nothing where there is none, or another. */
export async function keptFile(place: string, { name, bytes }: FileMark): Promise<File | undefined> {
  try {
    const file = await (await (await folder({ create: false })).getFileHandle(place)).getFile();
    return file.size === bytes ? new File([file], name) : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the copy; one that is absent is no error. */
export async function forgetFile(place: string): Promise<void> {
  await folder({ create: false })
    .then((files) => files.removeEntry(place))
    .catch(() => undefined);
}
