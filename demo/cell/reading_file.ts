/** Reads and writes a cell reading as a file: numbers in 16 bits as safetensors, words as the file's metadata. */
import { type NdArray, readSafetensors, writeSafetensors } from "sluice";
import type { CellReading, Part, Token } from "../messages/cell.ts";
import { PARTS } from "./parts.ts";

interface Words extends Pick<CellReading, "text" | "kind" | "units" | "bias"> {
  readonly tokens: readonly Token[];
}

/** Encodes a reading as a file. */
export function writeReading(reading: CellReading): Uint8Array<ArrayBuffer> {
  const { text, kind, units, bias, tokens, parts, before, output } = reading;
  const rows = (data: Part): NdArray => ({ shape: [data.length / units, units], data });
  const named = PARTS[kind].map((name): [string, NdArray] => [name, rows(parts[name] as Part)]);
  const tensors = new Map([...named, ["before", rows(before)], ["output", rows(output)]] as [string, NdArray][]);
  const words: Words = { text, kind, units, bias, tokens };
  return writeSafetensors(tensors, new Map([["reading", JSON.stringify(words)]]), { floats: "F16" });
}

/** Decodes a reading from a file. @throws FormatError when it is damaged. */
export function readReading(bytes: Uint8Array): CellReading {
  const { tensors, metadata } = readSafetensors(bytes, "the first example");
  const words = JSON.parse(metadata.get("reading") ?? "null") as Words;
  const data = (name: string) => tensors.get(name)?.data as Part;
  const parts = Object.fromEntries(PARTS[words.kind].map((name) => [name, data(name)]));
  // JSON has no undefined, so the start token's `place` is missing in the file.
  const tokens = words.tokens.map(({ word, place, isRare }) => ({ word, place, isRare }));
  return { ...words, tokens, parts, before: data("before"), output: data("output") };
}
