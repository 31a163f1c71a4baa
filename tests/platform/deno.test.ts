/** The conformance cases in Deno, from the unbuilt source, on wgpu. A missing adapter fails. */
import { fileURLToPath } from "node:url";
import { runDeno } from "../../src/cli/run_deno.ts";
import { describeRemote, type StartRuntime } from "./remote.ts";
import { describeSkipped, isWanted } from "./runtimes.ts";
import { caseFilter, suite } from "./selection.ts";

if (isWanted("deno")) {
  const errors: string[] = [];
  const start: StartRuntime = async (onLine, signal) => {
    const args = caseFilter === undefined ? [suite] : [suite, caseFilter];
    // What cases ask for where they look at the process's memory.
    const env = { DENO_V8_FLAGS: "--expose-gc" };
    const script = fileURLToPath(new URL("deno_main.ts", import.meta.url));
    // Kernels' tests run there too, without Vitest.
    const map = fileURLToPath(new URL("kernels/import_map.json", import.meta.url));
    const permissions = ["--allow-read", "--allow-env", "--allow-sys", `--import-map=${map}`];
    const status = await runDeno(script, {
      permissions,
      args,
      env,
      onLine,
      onErrorLine: (line) => errors.push(line),
      signal,
    });
    if (status !== 0) throw new Error(`deno left with status ${status}`);
  };
  describeRemote("Deno", start, () => errors.join("\n"));
} else {
  describeSkipped("Deno", "SLUICE_RUNTIMES leaves it out");
}
