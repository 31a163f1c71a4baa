/** Child processes in Node and Deno that run a TypeScript file of the tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/**
 * Bundles the entry, given by its path, as one file of JavaScript that Node and Deno both run; returns that file's
 * path.
 */
export async function buildChild(entry: string, folder: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      outDir: folder,
      target: "es2023",
      rolldownOptions: { external: [/^node:/] },
      lib: { entry, formats: ["es"], fileName: () => "child.mjs" },
    },
  });
  return join(folder, "child.mjs");
}

const deno = fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url));
export const hasDeno = existsSync(deno);

/** Each child is in a group of its own, to be killed by `-pid`: npm's deno is a script that starts the binary. */
export const RUNTIMES: Readonly<Record<"Node" | "Deno", (child: string, directory: string) => ChildProcess>> = {
  Node: (child, directory) => spawn(process.execPath, [child, directory], { detached: true }),
  Deno: (child, directory) => spawn(deno, ["run", "--quiet", "--allow-all", child, directory], { detached: true }),
};
