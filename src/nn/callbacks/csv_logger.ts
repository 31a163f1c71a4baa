import {
  flag,
  type OptionKind,
  optional,
  readOptions,
  text as textKind,
  withDefault,
} from "../../core/option_table.ts";
import { openFileSystem } from "../../platform/file_system.ts";
import type { Callback } from "./callback.ts";

/** Options of `csvLogger`. */
export interface CsvLoggerOptions {
  /** The file to write; without one (in a browser), the lines are only in `text`. */
  readonly filename?: string;
  /** The column separator. Default: ",". */
  readonly separator?: string;
  /** Whether to append to an existing file instead of replacing it. */
  readonly append?: boolean;
}

const separatorKind: OptionKind<string> = {
  expected: "a string without quotes or line ends",
  read: (value) => (typeof value === "string" && value !== "" && !/["\r\n]/.test(value) ? value : undefined),
};

/** The maximum size of an existing log to append to. */
const MAX_LOG_BYTES = 2 ** 26;

const CSV_LOGGER = {
  filename: optional(textKind),
  separator: withDefault(separatorKind, ","),
  append: withDefault(flag, false),
};

/** A `csvLogger` callback. */
export interface CsvLogger extends Callback {
  /** All lines so far. */
  readonly text: string;
}

/**
 * Writes each epoch's results as a line: the epoch (from 0), then the results by name
 * (https://keras.io/api/callbacks/csv_logger/). The whole file is rewritten for every line, so that it never contains a
 * partial line. Concurrent training runs need separate files, because each would overwrite the other's lines.
 */
export function csvLogger(options: CsvLoggerOptions = {}): CsvLogger {
  const { filename, separator, append } = readOptions("csvLogger", CSV_LOGGER, options);
  const cell = (text: string) =>
    text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (cells: readonly string[]) => `${cells.map(cell).join(separator)}\n`;
  let text = "";
  let keys: readonly string[] | undefined;
  return {
    name: "csvLogger",
    get text() {
      return text;
    },
    async onTrainBegin() {
      text = "";
      keys = undefined;
      if (filename === null) return;
      const files = await openFileSystem();
      const directory = filename.replace(/[/\\]?[^/\\]*$/, "");
      if (directory !== "") await files.makeDirectory(directory);
      if (!append || !(await files.exists(filename))) return;
      text = new TextDecoder().decode(await files.readFile(filename, { maxBytes: MAX_LOG_BYTES }));
      // Completes a last line that has no line end.
      if (text !== "" && !text.endsWith("\n")) text += "\n";
    },
    async onEpochEnd(epoch, logs) {
      if (keys === undefined) {
        keys = Object.keys(logs).sort();
        if (text === "") text = line(["epoch", ...keys]);
      }
      text += line([String(epoch), ...keys.map((key) => String(logs[key] ?? "NA"))]);
      if (filename !== null) {
        const files = await openFileSystem();
        await files.writeFileAtomic(filename, new TextEncoder().encode(text));
      }
    },
    state: () => ({ json: { text, keys: keys === undefined ? null : [...keys] } }),
    restore({ json }) {
      const kept = json as unknown as { readonly text: string; readonly keys: readonly string[] | null };
      text = kept.text;
      keys = kept.keys ?? undefined;
    },
  };
}
