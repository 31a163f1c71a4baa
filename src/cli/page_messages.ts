/** What passes between the command line and the page that trains for it. */
import type { ModelFiles } from "../index.ts";
import type { PageTelling } from "./run_page_job.ts";
import type { JobEvent } from "./training_job.ts";
import type { TaskName, Tasks } from "./training_tasks.ts";

/** What the page is to train; it fetches this. */
export interface PageJob<Name extends TaskName> {
  readonly task: Name;
  /** Its own `resume` is void. */
  readonly job: Tasks[Name]["job"];
  readonly resume?: PackedFiles;
}

/** What the page tells on its way. Each is answered with true when the training is to stop. */
export type PageEvent =
  | Exclude<JobEvent, { readonly kind: "save" }>
  | { readonly kind: "save"; readonly files: PackedFiles };

/** All that the page tells. Done without a result means that the training was stopped. */
export type PageMessage = PageTelling<PageEvent, Tasks[TaskName]["result"]>;

/** Files by name, in base64. */
export type PackedFiles = readonly (readonly [name: string, base64: string])[];

/** Files as text. */
export function packFiles(files: ModelFiles): PackedFiles {
  return [...files].map(([name, bytes]) => [name, toBase64(bytes)]);
}

/** What `packFiles` packed. */
export function unpackFiles(packed: PackedFiles): ModelFiles {
  return new Map(packed.map(([name, base64]) => [name, Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))]));
}

/** A call takes only so many arguments. */
const CHUNK = 0x2000;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK)
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  return btoa(text);
}
