/** Runs in Deno: every conformance case, one line of JSON for each. */
import { cases } from "../conformance/index.ts";
import { matching, runCases } from "../conformance/run.ts";

const { Deno } = globalThis as unknown as { Deno: { readonly args: readonly string[]; exit(code: number): never } };
let failed = false;
await runCases(matching(cases, Deno.args[0]), (report) => {
  failed ||= report.kind === "fatal";
  console.log(JSON.stringify(report));
});
Deno.exit(failed ? 1 : 0);
