/** Conformance cases that run in another process or in a page, seen from Vitest: one test per case. */
import { afterAll, beforeAll, describe } from "vitest";
import type { CaseResult, Report } from "../conformance/run.ts";
import { CASE_MS, declareCases, selectedCases } from "./selection.ts";

/**
 * Runs the cases elsewhere, hands over each line that comes back, and resolves when the runtime is gone, or was told to
 * go.
 */
export type StartRuntime = (onLine: (line: string) => void, signal: AbortSignal) => Promise<void>;

/** Declares one test per case. `notes()` is what the runtime wrote besides its reports, for a failure's text. */
export function describeRemote(title: string, start: StartRuntime, notes: () => string): void {
  describe(title, () => {
    const results = new Map(selectedCases.map(({ name }) => [name, deferred<CaseResult>()]));
    const opened = deferred<void>();
    // A result that nobody waits for yet is no unhandled rejection.
    for (const { promise } of [opened, ...results.values()]) promise.catch(() => undefined);
    const stop = new AbortController();
    let watchdog: NodeJS.Timeout | undefined;

    const fail = (message: string): void => {
      clearTimeout(watchdog);
      const error = new Error(`${title}: ${message}\n${notes()}`);
      for (const { reject } of [opened, ...results.values()]) reject(error);
    };
    const stayAwake = (): void => {
      clearTimeout(watchdog);
      // After the longest that a case may take, the runtime is stopped and every case still open fails.
      watchdog = setTimeout(() => {
        fail(`nothing was heard for ${CASE_MS / 1000} s`);
        stop.abort();
      }, CASE_MS);
    };
    const take = (line: string): void => {
      // Anything that is not a report is chatter of the runtime's.
      if (!line.startsWith('{"kind":')) return;
      stayAwake();
      const report = JSON.parse(line) as Report;
      if (report.kind === "adapter") {
        console.log(`${title}: ${report.adapter}`);
        opened.resolve();
      } else if (report.kind === "case") {
        results.get(report.name)?.resolve(report);
      } else if (report.kind === "fatal") {
        fail(report.error);
      }
    };

    beforeAll(async () => {
      stayAwake();
      start(take, stop.signal).then(
        () => fail("the runtime ended before every case had reported"),
        (error: unknown) => fail(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
      await opened.promise;
    });
    afterAll(() => {
      clearTimeout(watchdog);
      stop.abort();
    });

    declareCases(title, async ({ name }) => {
      const result = await results.get(name)?.promise;
      if (result?.error !== undefined) throw new Error(`${title}: ${result.error}`);
      return result?.note;
    });
  });
}

/** Promise.withResolvers, which Node 20 lacks. */
function deferred<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
