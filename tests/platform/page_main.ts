/** Runs in a browser's page: every conformance case whose name holds `?cases=`, reported to whoever opened the page. */
import { cases } from "../conformance/index.ts";
import { matching, runCases } from "../conformance/run.ts";

const { sluiceReport, sluiceDone } = globalThis as unknown as {
  readonly sluiceReport: (message: string) => Promise<void>;
  readonly sluiceDone: () => Promise<void>;
};
const filter = new URL(location.href).searchParams.get("cases") ?? undefined;
let sent = Promise.resolve();
await runCases(matching(cases, filter), (report) => {
  sent = sent.then(() => sluiceReport(JSON.stringify(report)));
});
await sent;
await sluiceDone();
