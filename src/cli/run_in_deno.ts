/** Runs this command line in Deno. */
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runDeno } from "./run_deno.ts";

/** True if this code runs in Deno. */
export function isDeno(): boolean {
  return "Deno" in globalThis;
}

/**
 * Starts `main` (the URL of the built command line) in Deno with the same arguments, and resolves with its exit status.
 */
export async function rerunInDeno(main: string, argv: readonly string[]): Promise<number> {
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
  if (argv.some((argument) => /^(--archive=)?https?:/i.test(argument))) permissions.push("--allow-net");
  // PyTorch runs in a separate process.
  if (argv.includes("--peers")) permissions.push("--allow-run");
  let child: ChildProcess | undefined;
  // Deno stops after the current step and saves; this process waits for it.
  const forward = (signal: NodeJS.Signals): void => void child?.kill(signal);
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, forward);
  try {
    const onStart = (started: ChildProcess): void => {
      child = started;
    };
    return await runDeno(fileURLToPath(main), { args: argv, permissions, onStart });
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
}
