import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTextTable, type TextTableOptions } from "sluice/tables";
import { expect, test } from "vitest";
import { FileError, FormatError, ValueError } from "../../src/index.ts";

const read = (name: string, content: string | Uint8Array<ArrayBuffer>, options: TextTableOptions = {}) =>
  readTextTable(new File([content], name), options);

const WANTED = [
  { text: "a goal, at last", label: "sport" },
  { text: "the vote", label: "politics" },
];

test.each([
  ["a.csv", '\ufeffText,Label\n"a goal, at last",sport\n\nthe vote,politics\n', {}],
  ["a.csv", '"a goal, at last",sport\nthe vote,politics', {}],
  ["a.csv", 'topic,headline\nsport,"a goal, at last"\npolitics,the vote\n', {}],
  ["a.tsv", "topic\tid\treview\nsport\t1\ta goal, at last\npolitics\t2\tthe vote", {}],
  [
    "a.csv",
    'mood,Title\r\nsport,"a goal, at last"\r\npolitics, the vote ',
    { textColumn: "title", labelColumn: "mood" },
  ],
  ["a.csv", 'mood,text\nsport,"a goal, at last"\npolitics,the vote', { labelColumn: "mood" }],
  ["a.jsonl", '{"text":"a goal, at last","label":"sport"}\n\n{"Text":"the vote","label":"politics"}\n', {}],
  [
    "a",
    '{"body":"a goal, at last","kind":"sport"}\n{"body":"the vote","kind":"politics"}',
    {
      textColumn: "body",
      labelColumn: "kind",
    },
  ],
])("%s, case %#: texts and labels", async (name, content, options) => {
  expect((await read(name, content, options)).map(({ text, label }) => ({ text, label }))).toEqual(WANTED);
});

test("numbers and flags of JSON are names too; a text that comes again counts once, with its last label", async () => {
  const rows = [
    { text: "one", label: 1 },
    { text: "two", label: true },
    { text: "one", label: 0 },
  ];
  const content = rows.map((row) => JSON.stringify(row)).join("\n");
  expect(await read("a.jsonl", content)).toEqual([
    { text: "one", label: "0", line: 3 },
    { text: "two", label: "true", line: 2 },
  ]);
});

test.each([
  ["a.csv", "", {}, "a.csv is empty; expected lines of text,label"],
  ["a.csv", "a,b\nonly one", {}, "a.csv, line 2 has 1 column; expected text,label"],
  ["a.csv", "text,label\n ,x", {}, 'a.csv, line 2: the text is " "; expected words'],
  ["a.csv", "text,label\nx,", {}, 'a.csv, line 2: the label is ""; expected the name of a class'],
  ["a.csv", 'text,label\n"x,y', {}, "a.csv, line "],
  [
    "a.csv",
    "id,body,kind\n1,x,y",
    {},
    'the columns are called "id", "body", "kind"; expected text and label (or name the columns',
  ],
  ["a.csv", "body,kind\na,x\nb,x\nc,y\nd,y", {}, 'line 1: the columns are called "body", "kind"'],
  [
    "a.csv",
    "text,label\na,x",
    { labelColumn: "topic" },
    'the columns are called "text", "label"; expected one called "topic"',
  ],
  ["a.jsonl", '{"text":"a","label":"b"}\n{', {}, "a.jsonl, line 2 is not JSON: "],
  ["a.jsonl", "[1]", {}, "a.jsonl, line 1 is [1]; expected {"],
  ["a.jsonl", '{"text":"a"}', {}, "a.jsonl, line 1: the label is undefined; expected the name of a class"],
  ["a.jsonl", '{"a":"a","label":"b"}', { textColumn: "body" }, 'line 1 has no "body"; it has "a", "label"'],
  ["a.png", Uint8Array.of(0x89, 0x50, 0, 0xff), {}, "a.png is not text in UTF-8; expected a table"],
  ["a.gz", Uint8Array.of(0x1f, 0x8b, 8), {}, "a.gz is a gzip archive; expected a text table"],
  ["a.csv", "text,label\nx,y", { maxBytes: 3 }, "a.csv has more than 3 bytes"],
])("%s, case %#: says what is wrong", async (name, content, options, message) => {
  await expect(read(name, content, options)).rejects.toThrow(FormatError);
  await expect(read(name, content, options)).rejects.toThrow(message);
});

test("reads a path, and names it in messages unless told another name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "table-"));
  try {
    const path = join(folder, "a.csv");
    writeFileSync(path, "text,label\nhello,x\n");
    expect(await readTextTable(path)).toEqual([{ text: "hello", label: "x", line: 2 }]);
    writeFileSync(path, "text,label\nhello,\n");
    await expect(readTextTable(path)).rejects.toThrow(`${path}, line 2`);
    await expect(readTextTable(path, { name: "mine.csv" })).rejects.toThrow("mine.csv, line 2");
  } finally {
    rmSync(folder, { recursive: true });
  }
  await expect(readTextTable(join(folder, "a.csv"))).rejects.toThrow(FileError);
});

test("the table's own text in place of a path is a ValueError that says how to give it", async () => {
  const content = "topic,text\nsport,a goal\npolitics,the vote\n";
  await expect(readTextTable(content)).rejects.toThrow(/^readTextTable: .* as new Blob\(\[text\]\)/);
  await expect(readTextTable(content)).rejects.toBeInstanceOf(ValueError);
  expect(await readTextTable(new Blob([content]))).toHaveLength(2);
});
