/** Runs a training job in a browser's page, and forwards its events. */
import type { BrowserName } from "./launch_browser.ts";
import { type PageEvent, type PageJob, packFiles, unpackFiles } from "./page_messages.ts";
import { runPageJob } from "./run_page_job.ts";
import type { Mounts } from "./static_server.ts";
import type { JobControl } from "./training_job.ts";
import type { TaskName, Tasks } from "./training_tasks.ts";

/** What the page loads besides its job. */
export interface PageResources {
  /** The URL of the built command line; the page's code is in the same directory. */
  readonly main: string;
  /** Further files that the page may fetch. */
  readonly served: Mounts;
}

/** Runs a task in a page. */
export async function runInBrowser<Name extends TaskName>(
  name: BrowserName,
  task: Name,
  job: Tasks[Name]["job"],
  { main, served }: PageResources,
  control: JobControl,
): Promise<Tasks[Name]["result"] | undefined> {
  // JSON would turn the job's `resume`, a Map, into `{}`, so its files are sent packed.
  const pageJob: PageJob<Name> = { task, job, ...(job.resume && { resume: packFiles(job.resume) }) };
  const { onEvent, signal } = control;
  return runPageJob<PageEvent, Tasks[Name]["result"]>({
    ...{ browser: name, script: "cli/training_page.js", main, job: pageJob, mounts: served, signal },
    onMessage: (event) => onEvent(event.kind === "save" ? { kind: "save", files: unpackFiles(event.files) } : event),
  });
}
