/**
 * Word vectors as text: a word and its numbers on each line. GloVe's files contain only such lines
 * (https://nlp.stanford.edu/projects/glove/); word2vec's start with a header line of two numbers, the word count and
 * the dimension (https://code.google.com/archive/p/word2vec/).
 */
import { AbortError, FormatError, ValueError } from "../core/errors.ts";
import {
  functionLike,
  ifGiven,
  instanceOf,
  type OptionKind,
  oneOf,
  optionsOf,
  positive,
  readOptions,
  readValue,
  signal,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { openSource, type Source } from "../platform/open_source.ts";
import { byteLines } from "./byte_lines.ts";
import { WordVectors } from "./word_vectors.ts";

/** The two text formats. */
export type WordTextFormat = "glove" | "word2vec";

/** Options of `readWordVectors`. */
export interface ReadWordVectorsOptions {
  /** The format; by default word2vec's if the first line consists of two whole numbers, otherwise GloVe's. */
  readonly format?: WordTextFormat | undefined;
  /** Read only this many words from the start, which in published files are the most frequent. */
  readonly maxWords?: number | undefined;
  /** How to handle a line that is not UTF-8: reject the file ("error", the default) or skip the line ("skip"). */
  readonly invalidUtf8?: "error" | "skip" | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of words read so far, every 10,000 words. */
  readonly onProgress?: ((words: number) => void) | undefined;
  readonly limits?: ReadWordVectorsLimits | undefined;
}

/** Limits on what is read; a file that exceeds one is rejected. */
export interface ReadWordVectorsLimits {
  /** 64 KiB by default. */
  readonly maxLineBytes?: number;
  /** The maximum number of lines. Default: 10 million. */
  readonly maxLines?: number;
  /** The maximum size of all vectors as float32. Default: 2 GiB. */
  readonly maxBytes?: number;
}

/** The contents of a file. */
export interface ReadWordVectors {
  readonly vectors: WordVectors;
  /** The number of lines skipped because their word occurred before. */
  readonly duplicates: number;
  /** The number of lines skipped because they are not UTF-8. */
  readonly invalid: number;
}

const format: OptionKind<WordTextFormat> = oneOf(["glove", "word2vec"]);

const LIMITS = {
  maxLineBytes: withDefault(positive, 2 ** 16),
  maxLines: withDefault(positive, 10_000_000),
  maxBytes: withDefault(positive, 2 ** 31),
} satisfies TableOf<ReadWordVectorsLimits>;

const READ = {
  maxWords: ifGiven(positive),
  format: ifGiven(format),
  invalidUtf8: withDefault(oneOf(["error", "skip"]), "error"),
  signal: ifGiven(signal),
  onProgress: ifGiven(functionLike<ReadWordVectorsOptions["onProgress"]>("(words) => …")),
  limits: withDefault(optionsOf("readWordVectors: limits", LIMITS), readOptions("readWordVectors: limits", LIMITS, {})),
} satisfies TableOf<ReadWordVectorsOptions>;

const WRITE = { format: withDefault(format, "glove") };

const TOLD_EVERY = 10_000;
const HEADER = /^(\d+) (\d+)$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const BYTES = 4;

/**
 * Reads vectors from a stream. Fields are separated by single spaces (U+0020), and the last D fields of a line are its
 * numbers. Words may contain spaces, as some of GloVe's do, except the first word of a file without a header, whose
 * line determines D. If a word occurs twice, the first line is used. `<unk>` is an ordinary word.
 *
 * @throws FormatError if a line has too few fields or a number that is not a finite decimal, or if the file is empty,
 * not UTF-8, inconsistent with its header, or exceeds a limit.
 * @throws FileError if the source cannot be read.
 * @throws ValueError if an option is out of range.
 * @throws AbortError if `signal` aborts.
 * @example
 * const { vectors } = await readWordVectors("glove.6B.100d.txt", { maxWords: 50_000 });
 */
export async function readWordVectors(source: Source, options: ReadWordVectorsOptions = {}): Promise<ReadWordVectors> {
  const given = readOptions("readWordVectors(source)", READ, options);
  const { maxWords, signal, onProgress } = given;
  const { maxLineBytes, maxLines, maxBytes } = given.limits;
  const { name, stream } = await openSource(source, signal ? { signal } : {});
  const table = new Table(name, given, { maxLines, maxBytes });
  for await (const line of byteLines(stream, name, maxLineBytes, signal)) {
    if (signal?.aborted) throw new AbortError(`reading ${name} was stopped`, {}, { cause: signal.reason });
    table.add(line);
    if (table.words.size === maxWords) break;
    if (table.words.size % TOLD_EVERY === 0 && table.words.size > 0) onProgress?.(table.words.size);
  }
  return table.end(table.words.size === maxWords);
}

/** The rows read so far. */
class Table {
  readonly words = new Map<string, number>();
  readonly #name: string;
  readonly #options: ReadWordVectorsOptions;
  readonly #limits: { readonly maxLines: number; readonly maxBytes: number };
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #data = new Float32Array(1 << 16);
  #size = 0;
  #declared: number | undefined;
  /** The number of lines read, and of those that contain a word. */
  #lines = 0;
  #rows = 0;
  #duplicates = 0;
  #invalid = 0;

  constructor(
    name: string,
    options: ReadWordVectorsOptions,
    limits: { readonly maxLines: number; readonly maxBytes: number },
  ) {
    this.#name = name;
    this.#options = options;
    this.#limits = limits;
  }

  add(bytes: Uint8Array): void {
    if (++this.#lines > this.#limits.maxLines) {
      throw this.#fault(`the file has more than ${this.#limits.maxLines} lines (maxLines)`);
    }
    const line = this.#decode(bytes);
    if (this.#lines === 1 && line !== undefined && this.#takeHeader(line)) return;
    this.#rows++;
    if (line !== undefined) this.#addRow(line.replace(/ +$/, "").split(" "));
  }

  /** @param isCut true if reading stopped after `maxWords` words */
  end(isCut: boolean): ReadWordVectors {
    if (!isCut && this.#declared !== undefined && this.#rows !== this.#declared) {
      throw new FormatError(
        `${this.#name}: the header says ${this.#declared} words, and ${this.#rows} lines follow; the file is cut ` +
          "short or damaged: get it again",
        { declared: this.#declared, lines: this.#rows },
      );
    }
    if (this.words.size === 0) {
      throw new FormatError(`${this.#name}: it has no words; expected lines of a word and its numbers`);
    }
    const shape = [this.words.size, this.#size];
    const data = this.#data.slice(0, this.words.size * this.#size);
    const vectors = new WordVectors([...this.words.keys()], { shape, data });
    return { vectors, duplicates: this.#duplicates, invalid: this.#invalid };
  }

  #decode(bytes: Uint8Array): string | undefined {
    try {
      const text = this.#decoder.decode(bytes);
      return this.#lines === 1 ? text.replace(/^\uFEFF/, "") : text;
    } catch (cause) {
      if (this.#options.invalidUtf8 === "skip") {
        this.#invalid++;
        return undefined;
      }
      throw this.#fault(
        `it is not UTF-8. Unpack a compressed file and write word2vec's binary form as text first; ` +
          'invalidUtf8: "skip" skips such lines',
        cause,
      );
    }
  }

  #takeHeader(line: string): boolean {
    const { format } = this.#options;
    if (format === "glove") return false;
    const [, words, size] = HEADER.exec(line.replace(/ +$/, "")) ?? [];
    if (words === undefined || size === undefined) {
      if (format === undefined) return false;
      throw this.#fault(`expected word2vec's header, as "400000 100", got ${shown(line)}`);
    }
    if (!Number.isSafeInteger(Number(words))) throw this.#fault(`the header says ${shown(words)} words; it is damaged`);
    this.#declared = Number(words);
    this.#setSize(Number(size));
    return true;
  }

  #setSize(size: number): void {
    if (size < 1 || size * BYTES > this.#limits.maxBytes) {
      throw this.#fault(
        `a vector of ${size} numbers; expected at least 1, and at most maxBytes, ${this.#limits.maxBytes}`,
      );
    }
    this.#size = size;
  }

  #addRow(fields: readonly string[]): void {
    if (this.#size === 0 && fields.length > 1) this.#setSize(fields.length - 1);
    const size = this.#size;
    if (size === 0 || fields.length <= size) {
      throw this.#fault(
        `expected a word and ${size || "its"} numbers, separated by single spaces, got ${shown(fields.join(" "))}`,
      );
    }
    const word = fields.slice(0, fields.length - size).join(" ");
    if (word === "") throw this.#fault("the word is empty; expected a word before its numbers");
    const numbers = fields.slice(fields.length - size).map((field) => this.#number(field));
    if (this.words.has(word)) {
      this.#duplicates++;
      return;
    }
    const row = this.words.size;
    if ((row + 1) * size * BYTES > this.#limits.maxBytes) {
      throw this.#fault(
        `the vectors take more than ${this.#limits.maxBytes} bytes (maxBytes); give maxWords to read fewer`,
      );
    }
    if ((row + 1) * size > this.#data.length) this.#grow((row + 1) * size);
    this.#data.set(numbers, row * size);
    this.words.set(word, row);
  }

  #number(field: string): number {
    const value = DECIMAL.test(field) ? Math.fround(Number(field)) : Number.NaN;
    if (Number.isFinite(value)) return value;
    throw this.#fault(`${shown(field)} is not a finite decimal within float32`);
  }

  #grow(least: number): void {
    const most = this.#limits.maxBytes / BYTES;
    const larger = new Float32Array(Math.max(least, Math.min(most, this.#data.length * 2)));
    larger.set(this.#data);
    this.#data = larger;
  }

  #fault(what: string, cause?: unknown): FormatError {
    return new FormatError(
      `${this.#name}: line ${this.#lines}: ${what}`,
      { line: this.#lines },
      cause === undefined ? undefined : { cause },
    );
  }
}

/**
 * Writes vectors as a text stream, from which `readWordVectors` restores the same bits.
 * @throws ValueError for an unknown format, or a word that the format cannot represent: one with a line end or, in
 * GloVe's format, a first word with a space.
 * @example
 * const bytes = await new Response(writeWordVectors(vectors, { format: "word2vec" })).arrayBuffer();
 */
export function writeWordVectors(
  vectors: WordVectors,
  options: { readonly format?: WordTextFormat | undefined } = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  readValue("writeWordVectors", "vectors", instanceOf("WordVectors", WordVectors), vectors);
  const { format } = readOptions("writeWordVectors(vectors)", WRITE, options);
  const wrong = vectors.words.find((word) => word === "" || /[\n\r]/.test(word));
  if (wrong !== undefined) {
    throw new ValueError(
      `writeWordVectors: the word ${shown(wrong)} is empty or has a line end, which text cannot hold: save the ` +
        "vectors as safetensors",
      { word: wrong },
    );
  }
  const [first = ""] = vectors.words;
  if (format === "glove" && (first.includes(" ") || first.startsWith("\uFEFF"))) {
    throw new ValueError(
      "writeWordVectors: GloVe's format derives the dimension from its first line, and the first word " +
        `${shown(first)} holds a space or a byte order mark; write format: "word2vec"`,
      { word: first },
    );
  }
  const encoder = new TextEncoder();
  const lines = linesOf(vectors, format);
  return new ReadableStream({
    pull(controller) {
      const { value, done } = lines.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}

/** The number of rows per written chunk. */
const ROWS_AT_ONCE = 256;

function* linesOf({ words, data, size, vectorSize }: WordVectors, format: WordTextFormat): Generator<string> {
  if (format === "word2vec") yield `${size} ${vectorSize}\n`;
  for (let start = 0; start < size; start += ROWS_AT_ONCE) {
    const rows = words.slice(start, start + ROWS_AT_ONCE).map((word, row) => {
      const at = (start + row) * vectorSize;
      const numbers = Array.from(data.subarray(at, at + vectorSize), decimal);
      return `${word} ${numbers.join(" ")}\n`;
    });
    yield rows.join("");
  }
}

/** Nine digits identify every float32 uniquely. */
function decimal(value: number): string {
  return Object.is(value, -0) ? "-0" : String(Number(value.toPrecision(9)));
}
