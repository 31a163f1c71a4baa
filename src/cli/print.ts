/** Prints lines to a terminal. They may contain text from files: words, column names, reviews. */
import { inspect } from "node:util";

/**
 * Characters that control a terminal or hide the text around them: control characters except tab and line feed,
 * bidirectional controls, and line and paragraph separators.
 */
const CONTROLS = /[^\P{Cc}\t\n]|\p{Bidi_Control}|[\u2028\u2029]/gu;

/** Escapes control characters as in JSON (`\u001b` for escape), so that JSON stays valid. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Prints to standard output, with control characters escaped. */
export function printLine(text: string): void {
  console.log(escapeControls(text));
}

/** Prints to standard error: a string unchanged, any other value with its stack. Control characters are escaped. */
export function printError(error: unknown): void {
  console.error(escapeControls(typeof error === "string" ? error : inspect(error)));
}
