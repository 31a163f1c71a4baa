/** Runs conformance cases one after the other on one device; the same code in every runtime. */
import { type Device, requestDevice } from "../../src/index.ts";
import type { ConformanceCase } from "./case.ts";

/** What came of one case. */
export interface CaseResult {
  readonly name: string;
  /** The error's text, with its stack where there is one; absent when the case passed. */
  readonly error?: string;
  readonly milliseconds: number;
  /** What the case tells of itself. */
  readonly note?: string;
}

/** What a runner in another process reports, one line of JSON each. */
export type Report =
  | { readonly kind: "adapter"; readonly adapter: string }
  | ({ readonly kind: "case" } & CaseResult)
  | { readonly kind: "done" }
  | { readonly kind: "fatal"; readonly error: string };

/** The cases whose name holds `filter`. */
export function matching(cases: readonly ConformanceCase[], filter: string | undefined): readonly ConformanceCase[] {
  return filter ? cases.filter(({ name }) => name.includes(filter)) : cases;
}

/** A device on which an error that nothing caught fails the case in progress. */
export interface CaseRunner {
  /** The device that the next case gets. */
  readonly device: Device;
  /** @throws what the case threw, or an Error for what the device reported while it ran. */
  readonly run: (testCase: ConformanceCase) => Promise<unknown>;
}

/** Opens the one device that all cases share. */
export async function openRunner(): Promise<CaseRunner> {
  let watched = await openWatched();
  return {
    get device() {
      return watched.device;
    },
    async run(testCase) {
      const { device, uncaptured } = watched;
      let note: unknown;
      try {
        note = await testCase.run(device);
      } finally {
        // Errors arrive in order: one that the case caused is here once a scope that was opened after it has closed.
        device.gpu.pushErrorScope("validation");
        await device.gpu.popErrorScope();
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (uncaptured.length > 0) {
          // The next case is not to hear of it.
          device.dispose();
          watched = await openWatched();
        }
      }
      if (uncaptured.length > 0) throw new Error(`the device reported an uncaptured error: ${uncaptured.join("\n")}`);
      return note;
    },
  };
}

async function openWatched(): Promise<{ readonly device: Device; readonly uncaptured: readonly string[] }> {
  const device = await requestDevice();
  const uncaptured: string[] = [];
  device.gpu.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    uncaptured.push(event.error.message);
  });
  return { device, uncaptured };
}

/** Runs `cases` and tells `report` of each, as a runner in another process or in a page does. Never rejects. */
export async function runCases(cases: readonly ConformanceCase[], report: (report: Report) => void): Promise<void> {
  try {
    const runner = await openRunner();
    report({ kind: "adapter", adapter: runner.device.adapter });
    for (const testCase of cases) {
      const started = performance.now();
      let error: string | undefined;
      let note: unknown;
      try {
        note = await runner.run(testCase);
      } catch (thrown) {
        error = textOf(thrown);
      }
      const { name } = testCase;
      const milliseconds = performance.now() - started;
      report({
        kind: "case",
        name,
        milliseconds,
        ...(error !== undefined && { error }),
        ...(typeof note === "string" && { note }),
      });
    }
    report({ kind: "done" });
  } catch (thrown) {
    report({ kind: "fatal", error: textOf(thrown) });
  }
}

function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // Firefox's stack does not begin with the message, Chromium's does.
  const stack = thrown.stack ?? "";
  return stack.includes(thrown.message) ? stack : `${thrown.name}: ${thrown.message}\n${stack}`;
}
