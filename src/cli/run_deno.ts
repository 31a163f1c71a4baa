/** Finds Deno and runs a script in it. The command line and the tests share this. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { DeviceError } from "../core/errors.ts";

/** How to start Deno: an executable and the arguments before Deno's own. */
export interface DenoProgram {
  readonly command: string;
  readonly prefix: readonly string[];
}

/**
 * Finds Deno: the npm package `deno` beside this package or beside the caller, else `deno` in PATH.
 * @throws DeviceError that names the command that installs it.
 */
export function findDeno(): DenoProgram {
  for (const base of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      const folder = dirname(createRequire(base).resolve("deno/package.json"));
      const binary = join(folder, process.platform === "win32" ? "deno.exe" : "deno");
      // npm's install script puts the executable there; without it, the package's launcher finds it.
      if (existsSync(binary)) return { command: binary, prefix: [] };
      return { command: process.execPath, prefix: [join(folder, "bin.cjs")] };
    } catch {
      // Not installed there; try the next place.
    }
  }
  const name = process.platform === "win32" ? "deno.exe" : "deno";
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder !== "" && existsSync(join(folder, name))) return { command: join(folder, name), prefix: [] };
  }
  throw new DeviceError("Deno is not installed; run `npm install --save-dev deno`", { command: "npm install deno" });
}

/** Options of `runDeno`. */
export interface DenoOptions {
  /** The script's arguments. */
  readonly args?: readonly string[];
  /** Deno's permissions; by default reading files and the environment. */
  readonly permissions?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each line of standard output; without it, output is inherited. */
  readonly onLine?: (line: string) => void;
  /** Called with each line of standard error; without it, output is inherited. */
  readonly onErrorLine?: (line: string) => void;
  /** Called with the process when it has started. */
  readonly onStart?: (child: ChildProcess) => void;
  readonly signal?: AbortSignal;
}

/** Runs a script (TypeScript from source, or built JavaScript) in Deno and resolves with its exit status. */
export async function runDeno(script: string, options: DenoOptions = {}): Promise<number> {
  const { command, prefix } = findDeno();
  const { args = [], permissions = ["--allow-read", "--allow-env", "--allow-sys"], onLine, onErrorLine } = options;
  // The unbuilt source reads its shaders with raw imports. Nothing is fetched, and no lock file is written.
  const flags = ["--quiet", "--no-lock", "--no-remote", "--unstable-raw-imports", "--unstable-webgpu"];
  const child = spawn(command, [...prefix, "run", ...flags, ...permissions, script, ...args], {
    cwd: options.cwd,
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", ...options.env },
    stdio: ["inherit", onLine ? "pipe" : "inherit", onErrorLine ? "pipe" : "inherit"],
    ...(options.signal && { signal: options.signal }),
  });
  options.onStart?.(child);
  if (onLine && child.stdout) createInterface({ input: child.stdout }).on("line", onLine);
  if (onErrorLine && child.stderr) createInterface({ input: child.stderr }).on("line", onErrorLine);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
