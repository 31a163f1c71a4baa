/** Runs a training task in the chosen runtime, shows its progress, and stops it on Ctrl-C. */
import type { ModelFiles } from "../index.ts";
import { onInterrupt } from "./interrupt.ts";
import { printLine } from "./print.ts";
import { provideWebGpu } from "./provide_webgpu.ts";
import { type PageResources, runInBrowser } from "./run_in_browser.ts";
import type { RuntimeName } from "./runtime_info.ts";
import type { Mounts } from "./static_server.ts";
import type { JobControl, JobEvent } from "./training_job.ts";
import { ProgressView } from "./training_progress.ts";
import { RUNNERS, type TaskName, type Tasks } from "./training_tasks.ts";

/** How to run a task. */
export interface TaskOptions {
  readonly runtime: RuntimeName;
  /** The URL of the built command line. */
  readonly main: string;
  /** The files that a page may fetch besides its job. */
  readonly served?: Mounts;
  /** The plural noun for an example of the data, such as "reviews". */
  readonly noun: string;
  /** The directory that `save` writes to. */
  readonly directory: string;
  /** Saves the model when training has ended, was stopped, or failed. */
  readonly save: (files: ModelFiles) => Promise<void>;
}

/** True for the runtimes that train in a page. */
export function isBrowser(runtime: RuntimeName): runtime is "chromium" | "firefox" {
  return runtime === "chromium" || runtime === "firefox";
}

/**
 * Runs a task in this process or in a page, and prints its progress.
 * @returns its result, or undefined when Ctrl-C stopped it
 */
export async function runTask<Name extends TaskName>(
  task: Name,
  job: Tasks[Name]["job"],
  { runtime, main, served = {}, noun, directory, save }: TaskOptions,
): Promise<Tasks[Name]["result"] | undefined> {
  const view = new ProgressView(noun);
  let isSaved = false;
  const interrupt = onInterrupt(() => {
    view.clear();
    printLine("Stopping after this step. Press Ctrl-C again to exit immediately, without saving.");
  });
  const onEvent = async (event: JobEvent): Promise<void> => {
    if (event.kind === "progress") {
      if (!interrupt.signal.aborted || event.progress.ended) view.show(event.progress);
    } else if (event.kind === "save") {
      view.clear();
      await save(event.files);
      isSaved = true;
    } else {
      announce(event);
    }
  };
  const control: JobControl = { onEvent, signal: interrupt.signal };
  try {
    const result = await runWhere(runtime, task, job, { main, served }, control);
    if (result === undefined) {
      const kept = `Saved in ${directory}; continue with --resume ${directory}`;
      printLine(`Stopped${isSaved ? `. ${kept}` : " before the first step; there is nothing to save."}`);
    }
    return result;
  } finally {
    view.clear();
    interrupt.release();
  }
}

async function runWhere<Name extends TaskName>(
  runtime: RuntimeName,
  task: Name,
  job: Tasks[Name]["job"],
  place: PageResources,
  control: JobControl,
): Promise<Tasks[Name]["result"] | undefined> {
  if (isBrowser(runtime)) return runInBrowser(runtime, task, job, place, control);
  // This code also runs in Deno, which has its own WebGPU.
  await provideWebGpu();
  return RUNNERS[task](job, control);
}

/** Progress through the archive, in tenths, as last reported. */
let loadedTenths = 0;

function announce(event: Exclude<JobEvent, { readonly kind: "progress" | "save" }>): void {
  if (event.kind === "model") {
    printLine(`${event.adapter}, in ${event.runtime.name} ${event.runtime.version}\n\n${event.summary}\n`);
  } else if (event.kind === "data") {
    printLine(event.text);
  } else if (event.totalBytes !== undefined) {
    const tenths = Math.floor((event.bytes / event.totalBytes) * 10);
    if (tenths > loadedTenths) printLine(`reading the archive: ${tenths * 10}%`);
    loadedTenths = Math.max(loadedTenths, tenths);
  }
}
