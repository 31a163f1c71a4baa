/** Encoders with one id per word: `ReviewEncoder`, `Tokenizer` and custom ones with the same interface. */
import { ValueError } from "../core/errors.ts";
import type { Encoder } from "../data/encoder.ts";
import type { Side } from "../data/pad_sequences.ts";

/** An encoder of texts as ids of words. */
export interface IdEncoder extends Encoder {
  readonly inputDim: number;
  readonly padding: Side;
  readonly truncating: Side;
  /** Converts one text to ids, without truncation or padding. */
  encodeText(text: string): number[];
  /** True for the id of a known word. */
  isWord(id: number): boolean;
}

/** The encoder of a model, which must produce word ids. @throws ValueError if it does not, or is missing. */
export function expectIdEncoder(what: string, encoder: Encoder | undefined, model: string): IdEncoder {
  if (encoder !== undefined && isIdEncoder(encoder)) return encoder;
  throw new ValueError(
    `${what}: the model "${model}" has ` +
      (encoder === undefined ? "no encoder" : `the "${encoder.kind}" encoder, which has no encodeText()`) +
      "; expected model.encoder to encode texts as ids, such as a ReviewEncoder or a Tokenizer",
  );
}

function isIdEncoder(encoder: Encoder): encoder is IdEncoder {
  return (
    encoder.inputDim !== undefined && ["encodeText", "isWord", "padding", "truncating"].every((name) => name in encoder)
  );
}
