/** Output of text: the standard output of Node and Deno, the console of a page. */
import { hasNodeModules } from "./file_system.ts";

/** A writable stream of text, such as one of Node's. */
export interface TextOutput {
  /** Writes text, which may be part of a line. */
  write(text: string): unknown;
  /** True for a terminal, in which a line can be redrawn. */
  readonly isTTY?: boolean | undefined;
  /** The terminal's width in characters. */
  readonly columns?: number | undefined;
}

interface Runtime {
  readonly console: Pick<Console, "log">;
  readonly process?: { readonly stdout?: TextOutput; readonly env?: Readonly<Record<string, string | undefined>> };
  readonly Deno?: { readonly noColor: boolean };
}

const runtime: Runtime = globalThis;

/** The runtime's standard output; in a page each call prints a line in the console. */
export function standardOutput(): TextOutput {
  const { stdout } = (hasNodeModules() && runtime.process) || {};
  return stdout ?? { write: (text) => runtime.console.log(text.trimEnd()) };
}

/**
 * False if the user set NO_COLOR (https://no-color.org). Deno reveals this without permission to read the environment.
 */
export function wantsColor(): boolean {
  const { process, Deno } = runtime;
  return Deno === undefined ? (process?.env?.NO_COLOR ?? "") === "" : !Deno.noColor;
}
