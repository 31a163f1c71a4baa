/** The messages between the command line and the page that trains for it. */
import type { ModelFiles } from "../index.ts";
import type { JobMessage } from "./run_page_job.ts";
import type { JobEvent } from "./training_job.ts";
import type { TaskName, Tasks } from "./training_tasks.ts";

/** The training job, which the page fetches. */
export interface PageJob<Name extends TaskName> {
  readonly task: Name;
  /** The job without its `resume`, which is below. */
  readonly job: Tasks[Name]["job"];
  readonly resume?: PackedFiles;
}

/** Events of the page. The answer to each is true if training should stop. */
export type PageEvent =
  | Exclude<JobEvent, { readonly kind: "save" }>
  | { readonly kind: "save"; readonly files: PackedFiles };

/** All messages of the page. `done` without a result means that training was stopped. */
export type PageMessage = JobMessage<PageEvent, Tasks[TaskName]["result"]>;

/** Files by name, in base64. */
export type PackedFiles = readonly (readonly [name: string, base64: string])[];

/** Encodes files as text. */
export function packFiles(files: ModelFiles): PackedFiles {
  return [...files].map(([name, bytes]) => [name, toBase64(bytes)]);
}

/** Decodes files that `packFiles` encoded. */
export function unpackFiles(packed: PackedFiles): ModelFiles {
  return new Map(packed.map(([name, base64]) => [name, Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))]));
}

/** Function calls have a limit on the number of arguments. */
const CHUNK = 0x2000;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK)
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  return btoa(text);
}
