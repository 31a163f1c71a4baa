/**
 * Runs in a browser's page: every conformance case of `?suite=` whose name holds `&cases=`, reported to whoever opened
 * the page.
 */
import { casesOf } from "../conformance/index.ts";
import { runCases } from "../conformance/run.ts";

const { sluiceReport, sluiceDone } = globalThis as unknown as {
  readonly sluiceReport: (message: string) => Promise<void>;
  readonly sluiceDone: () => Promise<void>;
};
const asked = new URL(location.href).searchParams;
let sent = Promise.resolve();
await runCases(casesOf(asked.get("suite") ?? "cases", asked.get("cases") ?? undefined), (report) => {
  sent = sent.then(() => sluiceReport(JSON.stringify(report)));
});
await sent;
await sluiceDone();
