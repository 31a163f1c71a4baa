/** Word vectors as text: what is read, what is written, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AbortError, FormatError, SluiceError, ValueError } from "../../src/core/errors.ts";
import { type ReadWordVectorsOptions, readWordVectors, WordVectors, writeWordVectors } from "../../src/embed/index.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const read = (text: string | Uint8Array, options?: ReadWordVectorsOptions) =>
  readWordVectors(typeof text === "string" ? bytesOf(text) : text, options);

/** The bytes in pieces of given sizes. */
function inPieces(bytes: Uint8Array, sizes: readonly number[]): ReadableStream<Uint8Array> {
  let [at, turn] = [0, 0];
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const end = at + (sizes[turn++ % sizes.length] ?? 1);
      controller.enqueue(bytes.slice(at, end));
      at = end;
    },
  });
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await new Response(stream).arrayBuffer());
}

describe("word vectors as text", () => {
  test("GloVe's form: no header, words with spaces, <unk>, no end to the last line", async () => {
    const { vectors, duplicates, invalid } = await read("the 0.5 -1\n. . . 2 3e-1\n<unk> 0 .25\nnaïve 1. +2");
    expect(vectors.words).toEqual(["the", ". . .", "<unk>", "naïve"]);
    expect(vectors.shape).toEqual([4, 2]);
    expect(Array.from(vectors.data)).toEqual(Array.from(Float32Array.of(0.5, -1, 2, 0.3, 0, 0.25, 1, 2)));
    expect([duplicates, invalid]).toEqual([0, 0]);
    expect(vectors.has("<unk>")).toBe(true);
    expect(vectors.has("unknown")).toBe(false);
  });

  test("word2vec's form: a header, a space at a line's end, ends of Windows", async () => {
    const { vectors } = await read("2 3\r\nthe 1 2 3 \r\n2 4 5 6 \r\n");
    expect(vectors.words).toEqual(["the", "2"]);
    expect(Array.from(vectors.vectorOf("2"))).toEqual([4, 5, 6]);
  });

  test("the first line decides, unless the form is given", async () => {
    expect((await read("5 3\n6 4\n", { format: "glove" })).vectors.words).toEqual(["5", "6"]);
    await expect(read("the 1 2\n", { format: "word2vec" })).rejects.toThrow(/line 1: expected word2vec's header/);
  });

  test("of a word that comes twice the first line counts", async () => {
    const { vectors, duplicates } = await read("a 1\nb 2\na 3\na 4\n");
    expect(vectors.words).toEqual(["a", "b"]);
    expect(Array.from(vectors.data)).toEqual([1, 2]);
    expect(duplicates).toBe(2);
  });

  test("a byte order mark before the first word is none of it; other spaces belong to words", async () => {
    const { vectors } = await read("\uFEFFa 1 2\n\u00a0 3 4\n\uFEFFb 5 6\n");
    expect(vectors.words).toEqual(["a", "\u00a0", "\uFEFFb"]);
  });

  test("broken UTF-8 is refused, or its line passed over", async () => {
    const bytes = Uint8Array.of(...bytesOf("a 1 2\nb"), 0xff, ...bytesOf(" 3 4\nc 5 6\n"));
    await expect(read(bytes)).rejects.toThrow(/line 2: it is not UTF-8.* invalidUtf8: "skip"/);
    const { vectors, invalid } = await read(bytes, { invalidUtf8: "skip" });
    expect(vectors.words).toEqual(["a", "c"]);
    expect(invalid).toBe(1);
  });

  test("maxWords stops the reading, and lets the source go", async () => {
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytesOf(`w${Math.random()} 1 2\n`)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const { vectors } = await readWordVectors(endless, { maxWords: 3 });
    expect(vectors.size).toBe(3);
    expect(isCancelled).toBe(true);
  });

  test.each<[string, string, ReadWordVectorsOptions, RegExp]>([
    ["an empty file", "", {}, /it has no words/],
    ["a header alone", "0 3\n", {}, /it has no words/],
    ["a line without numbers", "the\n", {}, /expected a word and its numbers, separated by single spaces, got "the"/],
    ["tabs", "the\t1\t2\n", {}, /expected a word and its numbers, separated by single spaces/],
    ["too few fields", "a 1 2\nb 1\n", {}, /line 2: expected a word and 2 numbers, .* got "b 1"/],
    ["an empty line", "a 1 2\n\nb 1 2\n", {}, /line 2: expected a word and 2 numbers, .* got ""/],
    ["an empty word", "a 1 2\n 3 4\n", {}, /line 2: the word is empty/],
    ["a tab", "a 1\t2 3\n", {}, /is not a finite decimal/],
    ["NaN", "a 1 nan\n", {}, /"nan" is not a finite decimal/],
    ["Infinity", "a 1 Infinity\n", {}, /"Infinity" is not a finite decimal/],
    ["too large for float32", "a 1 1e39\n", {}, /"1e39" is not a finite decimal within float32/],
    ["hexadecimal", "a 1 0x10\n", {}, /is not a finite decimal/],
    ["fewer words than the header says", "3 1\na 1\nb 2\n", {}, /the header says 3 words, and 2 lines follow/],
    ["more words than the header says", "1 1\na 1\nb 2\n", {}, /the header says 1 words, and 2 lines follow/],
    ["a header of no numbers", "3 0\na\n", {}, /a vector of 0 numbers/],
    ["a header of 2^53 words", `${2 ** 53} 3\na 1 2 3\n`, {}, /line 1: the header says "9007199254740992" words/],
    ["a header of numbers of 2^53", `3 ${2 ** 53}\na 1\n`, {}, /line 1: a vector of 9007199254740992 numbers/],
    ["a header that asks for all memory", "3 999999999999\na 1\n", {}, /at most maxBytes/],
    ["a long line", `a ${"1 ".repeat(40_000)}\n`, {}, /line 1 has more than 65536 bytes/],
    ["many lines", "a 1\nb 1\nc 1\n", { limits: { maxLines: 2 } }, /more than 2 lines/],
    ["many bytes", "a 1\nb 1\nc 1\n", { limits: { maxBytes: 8 } }, /line 3: the vectors take more than 8 bytes/],
  ])("refuses %s", async (_, given, options, message) => {
    await expect(read(given, options)).rejects.toThrow(FormatError);
    await expect(read(given, options)).rejects.toThrow(message);
  });

  test("refuses a line without end before it is in memory", async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024;
        controller.enqueue(new Uint8Array(1024).fill(0x61));
      },
    });
    await expect(readWordVectors(endless, { limits: { maxLineBytes: 5000 } })).rejects.toThrow(/more than 5000 bytes/);
    expect(sent).toBeLessThan(10_000);
  });

  test("stops when asked, and refuses options out of range", async () => {
    await expect(read("a 1\nb 2\n", { signal: AbortSignal.abort() })).rejects.toThrow(AbortError);
    await expect(read("a 1\n", { maxWords: 0 })).rejects.toThrow(/maxWords is 0; expected a whole number/);
  });

  test("what is written is read again, bit for bit, in both forms and from pieces of any size", async () => {
    const word = fc
      .string({ unit: "binary", minLength: 1, maxLength: 6 })
      .filter((each) => !/[\n\r]/.test(each) && !each.startsWith("\uFEFF"));
    const table = fc.integer({ min: 1, max: 5 }).chain((size) =>
      fc.uniqueArray(fc.tuple(word, fc.array(FINITE, { minLength: size, maxLength: size })), {
        minLength: 1,
        maxLength: 8,
        selector: ([each]) => each,
      }),
    );
    const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        table,
        pieces,
        fc.constantFrom("glove" as const, "word2vec" as const),
        async (rows, cut, form) => {
          const words = rows.map(([each]) => each);
          const data = Float32Array.from(rows.flatMap(([, numbers]) => numbers));
          const vectors = new WordVectors(words, { shape: [words.length, data.length / words.length], data });
          if (form === "glove" && words[0]?.includes(" ")) {
            expect(() => writeWordVectors(vectors, { format: form })).toThrow(ValueError);
            return;
          }
          const written = bytesOf(await text(writeWordVectors(vectors, { format: form })));
          const again = await readWordVectors(inPieces(written, cut), { format: form });
          expect(again.vectors.words).toEqual(words);
          expect(new Uint32Array(again.vectors.data.buffer)).toEqual(new Uint32Array(data.buffer));
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });

  test("writes what others read", async () => {
    const vectors = new WordVectors(["a b", "c"], { shape: [2, 2], data: Float32Array.of(0.1, -0, 1e-40, 2) });
    expect(await text(writeWordVectors(vectors, { format: "word2vec" }))).toBe(
      "2 2\na b 0.100000001 -0\nc 9.99994610e-41 2\n".replace("9.99994610", "9.9999461"),
    );
    expect(() => writeWordVectors(vectors)).toThrow(/the first word "a b" holds a space/);
    const broken = new WordVectors(["a\nb"], { shape: [1, 1], data: Float32Array.of(1) });
    expect(() => writeWordVectors(broken)).toThrow(/has a line end/);
  });

  test("10,000 mutations give vectors or a typed error, and nothing else", async () => {
    const whole = bytesOf(
      "4 3\nthe 0.418 0.24968 -0.41242\nof . 0.7085 0.57088 -0.4716\n<unk> 0.68047 -0.039263 1e-3\n\u00e9t\u00e9 1 2 " +
        "3\n",
    );
    const cut = fc.nat({ max: whole.length });
    const flips = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 });
    const spliced = fc.constantFrom(
      "\n",
      " ",
      "  ",
      "\r\n",
      "1e999",
      "nan",
      "0x1",
      "9".repeat(20),
      "\uFEFF",
      "-",
      "1 1\n",
    );
    const counts = { read: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(cut, flips, fc.option(fc.tuple(cut, spliced)), fc.boolean(), async (end, list, splice, skip) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of list) bytes[at] = value;
        const kept = bytes.subarray(0, end < whole.length / 2 ? whole.length : end);
        const [at, more] = splice ?? [0, ""];
        const given = Uint8Array.of(...kept.subarray(0, at), ...bytesOf(more), ...kept.subarray(at));
        try {
          const { vectors } = await read(given, { invalidUtf8: skip ? "skip" : "error" });
          expect(vectors.data.every(Number.isFinite)).toBe(true);
          expect(vectors.data.length).toBe(vectors.size * vectors.vectorSize);
          counts.read++;
        } catch (error) {
          expect(error).toBeInstanceOf(SluiceError);
          counts.refused++;
        }
      }),
      { numRuns: 10_000, seed: 1 },
    );
    expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(500);
  });
});

/** Finite float32, subnormal ones and both zeros too. */
const FINITE = fc.float({ noNaN: true, noDefaultInfinity: true });
