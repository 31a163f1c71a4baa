/** Parses untrusted JSON: valid UTF-8, no duplicate keys, limited depth. */
import { FormatError } from "../core/errors.ts";
import type { JsonValue } from "../core/json_check.ts";

export type { JsonValue } from "../core/json_check.ts";

/** The maximum nesting depth. */
const MAX_DEPTH = 100;

/** The maximum number of keys of an object. */
const MAX_KEYS = 1_000_000;

/**
 * Parses JSON bytes. `JSON.parse` silently uses the last of two equal keys; this rejects them, because readers that
 * interpret a file differently are a security risk.
 * @throws FormatError if the bytes are not UTF-8 or JSON, are nested too deeply, or have too many or duplicate keys.
 *
 * @example
 * const header = parseStrictJson(bytes, "model.json");
 */
export function parseStrictJson(bytes: Uint8Array, what: string): JsonValue {
  let text: string;
  let value: JsonValue;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
    throw new FormatError(
      `${what}: expected JSON in UTF-8 (${reason}); the file is damaged or of another kind`,
      {},
      { cause },
    );
  }
  checkKeysAndDepth(text, what);
  return value;
}

/** Scans text that is known to be valid JSON, so that only strings and brackets matter. */
function checkKeysAndDepth(text: string, what: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{" || character === "[") {
      open.push(character === "{" ? new Set() : undefined);
      if (open.length > MAX_DEPTH) {
        throw new FormatError(`${what}: JSON is nested deeper than ${MAX_DEPTH}; it is not a file of Sluice's`, { at });
      }
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const start = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
      const keys = open.at(-1);
      if (keys && isKey(text, at + 1)) {
        // Unescaped, because "a" and "\u0061" are the same key.
        const key = JSON.parse(text.slice(start, at + 1)) as string;
        if (keys.has(key)) throw new FormatError(`${what}: the key ${JSON.stringify(key)} occurs twice`, { key });
        if (keys.size === MAX_KEYS) throw new FormatError(`${what}: more than ${MAX_KEYS} keys in an object`);
        keys.add(key);
      }
    }
  }
}

/** The depth reserved for the structure around a value in a file. */
const ROOM = 10;

/**
 * Describes the first part of a value that JSON cannot represent, such as `.when is a Date`; undefined if there is
 * none. `JSON.stringify` silently converts NaN to null and a Map to `{}`. Undefined members are ignored.
 */
export function faultOfJson(value: unknown, path = "", left = MAX_DEPTH - ROOM): string | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value))
    return undefined;
  const at = path === "" ? "it" : path;
  if (typeof value !== "object") return `${at} is ${typeof value === "number" ? value : `of type ${typeof value}`}`;
  if (left === 0) return `${at} is nested deeper than ${MAX_DEPTH - ROOM}, or in itself`;
  if (Array.isArray(value)) {
    return firstOf(
      Array.from(value, (each: unknown, index) => [`${path}[${index}]`, each]),
      left,
    );
  }
  const kind = Object.prototype.toString.call(value);
  if (kind !== "[object Object]" || "toJSON" in value) return `${at} is ${kind.slice(1, -1)}`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return firstOf(
    members.map(([key, member]) => [`${path}.${key}`, member]),
    left,
  );
}

function firstOf(members: readonly (readonly [path: string, value: unknown])[], left: number): string | undefined {
  for (const [path, value] of members) {
    const fault = faultOfJson(value, path, left - 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isKey(text: string, from: number): boolean {
  let at = from;
  while (" \t\n\r".includes(text[at] ?? "x")) at++;
  return text[at] === ":";
}
