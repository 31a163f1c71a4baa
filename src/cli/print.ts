/** Prints lines to a terminal. They may hold text from files: words, names of columns, reviews. */
import { inspect } from "node:util";

/**
 * What a terminal obeys, or what hides the text around it: control characters but for tab and line feed, controls of
 * direction, separators of lines and paragraphs.
 */
const CONTROLS = /[^\P{Cc}\t\n]|\p{Bidi_Control}|[\u2028\u2029]/gu;

/** Control characters as JSON writes them, so that JSON keeps its meaning: `\u001b` for an escape. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Prints to standard output, control characters escaped. */
export function printLine(text: string): void {
  console.log(escapeControls(text));
}

/** Prints an error to standard error: a text as it is, anything else with its stack. Control characters are escaped. */
export function printError(error: unknown): void {
  console.error(escapeControls(typeof error === "string" ? error : inspect(error)));
}
