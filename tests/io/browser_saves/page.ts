/** The page that browsers.test.ts drives: `globalThis.page`. */
import { type Call, saving } from "./saving.ts";

const next = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });

async function startWorker(): Promise<Worker> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  await next(worker);
  return worker;
}

let staying: Promise<Worker> | undefined;

const page = {
  ...saving,
  /** Saves without an end here, until the page goes; what was saved last is `page.saved`. */
  saved: 0,
  start(name: string): void {
    void saving.saveForever(name, (value) => {
      page.saved = value;
    });
  },
  /** The same in a worker that stays. */
  async saveInWorker(name: string, value: number): Promise<unknown> {
    staying ??= startWorker();
    const worker = await staying;
    const result = next(worker);
    worker.postMessage({ call: "save", name, value });
    return result;
  },
  async inWorker(call: Exclude<Call, "saveForever">, name: string, value = 0): Promise<unknown> {
    const worker = await startWorker();
    worker.postMessage({ call, name, value });
    const result = await next(worker);
    worker.terminate();
    return result;
  },
  /**
   * Starts a worker that saves without an end, and terminates it some time after its first save; returns what it told
   * last.
   */
  async terminateInSave(name: string, delay: number): Promise<unknown> {
    const worker = await startWorker();
    worker.postMessage({ call: "saveForever", name, value: 0 });
    let last = await next(worker);
    worker.onmessage = ({ data }) => {
      last = data;
    };
    await new Promise((resolve) => setTimeout(resolve, delay));
    worker.terminate();
    return last;
  },
};

/** What the test sees. */
export type SavingPage = typeof page;
Object.assign(globalThis, { page });
