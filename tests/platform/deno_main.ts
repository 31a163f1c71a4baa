/** Runs in Deno: every conformance case of a suite, one line of JSON for each. */
import { casesOf } from "../conformance/index.ts";
import { runCases } from "../conformance/run.ts";

const { Deno } = globalThis as unknown as { Deno: { readonly args: readonly string[]; exit(code: number): never } };
let failed = false;
const [suite = "cases", filter] = Deno.args;
await runCases(casesOf(suite, filter), (report) => {
  failed ||= report.kind === "fatal";
  console.log(JSON.stringify(report));
});
Deno.exit(failed ? 1 : 0);
