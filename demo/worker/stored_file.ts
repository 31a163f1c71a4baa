/**
 * Copies of the visitor's files in the origin-private file system, so that a training run can be resumed after a
 * reload.
 */

const FOLDER = "sluice-page-files";

/** The folder. Reading and removing do not create it, because that fails if the storage is full. */
async function folder({ create }: { readonly create: boolean }): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create });
}

/** Identifies a stored file. */
export interface FileMark {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Stores a file under the name of its run's place, replacing the previous one.
 * @throws QuotaExceededError (a DOMException) when the storage is full.
 */
export async function keepFile(place: string, file: File): Promise<void> {
  const handle = await (await folder({ create: true })).getFileHandle(place, { create: true });
  await file.stream().pipeTo(await handle.createWritable());
}

/** The stored copy; undefined if there is none, or a different one. */
export async function keptFile(place: string, { name, bytes }: FileMark): Promise<File | undefined> {
  try {
    const file = await (await (await folder({ create: false })).getFileHandle(place)).getFile();
    return file.size === bytes ? new File([file], name) : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the copy. Does nothing if there is none. */
export async function forgetFile(place: string): Promise<void> {
  await folder({ create: false })
    .then((files) => files.removeEntry(place))
    .catch(() => undefined);
}
