/** Runs the built `sluice` as a user's shell would. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a run of the command left behind. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the command is run. */
export interface CommandOptions {
  readonly cwd: string;
  readonly stdin?: string;
  /** Variables besides those of this process. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Sends SIGINT as soon as the output holds this. */
  readonly interruptAt?: string;
}

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Runs `sluice` with `words` and resolves when it has ended. */
export function sluice(
  words: readonly string[],
  { cwd, stdin = "", interruptAt, variables = {} }: CommandOptions,
): Promise<CommandResult> {
  const { SLUICE_IMDB: _, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...words], { cwd, env: { ...env, ...variables } });
  let [stdout, stderr] = ["", ""];
  let isInterrupted = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (interruptAt === undefined || isInterrupted || !stdout.includes(interruptAt)) return;
    isInterrupted = true;
    child.kill("SIGINT");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => undefined).end(stdin);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}
