/** Runs this same command line in Deno. */
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runDeno } from "./run_deno.ts";

/** True when this code itself runs in Deno. */
export function isDeno(): boolean {
  return "Deno" in globalThis;
}

/** Starts `main` (the URL of the built command line) in Deno with the same words, and resolves with its exit status. */
export async function rerunInDeno(main: string, words: readonly string[]): Promise<number> {
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
  if (words.some((word) => /^(--archive=)?https?:/i.test(word))) permissions.push("--allow-net");
  // PyTorch runs beside as a process of its own.
  if (words.includes("--peers")) permissions.push("--allow-run");
  let child: ChildProcess | undefined;
  // Deno stops at a whole step and saves: this process waits for it.
  const forward = (signal: NodeJS.Signals): void => void child?.kill(signal);
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, forward);
  try {
    const onStart = (started: ChildProcess): void => {
      child = started;
    };
    return await runDeno(fileURLToPath(main), { args: words, permissions, onStart });
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
}
