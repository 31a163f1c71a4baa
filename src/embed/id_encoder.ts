/** Encoders whose ids stand for words, one by one: `ReviewEncoder`, `Tokenizer`, and those of the same form. */
import { ValueError } from "../core/errors.ts";
import type { Encoder } from "../data/encoder.ts";
import type { Side } from "../data/pad_sequences.ts";

/** An encoder of texts as ids of words. */
export interface IdEncoder extends Encoder {
  readonly inputDim: number;
  readonly padding: Side;
  readonly truncating: Side;
  /** The ids of one text, neither cut nor padded. */
  encodeText(text: string): number[];
  /** True for the id of a known word. */
  isWord(id: number): boolean;
}

/** The encoder of a model, which must give ids of words. @throws ValueError if it does not, or there is none. */
export function expectIdEncoder(what: string, encoder: Encoder | undefined, model: string): IdEncoder {
  if (encoder !== undefined && isIdEncoder(encoder)) return encoder;
  throw new ValueError(
    `${what}: the model "${model}" has ` +
      (encoder === undefined ? "no encoder" : `an encoder of the kind "${encoder.kind}", which has no encodeText()`) +
      "; expected model.encoder to turn texts into ids, such as a ReviewEncoder or a Tokenizer",
  );
}

function isIdEncoder(encoder: Encoder): encoder is IdEncoder {
  return (
    encoder.inputDim !== undefined && ["encodeText", "isWord", "padding", "truncating"].every((name) => name in encoder)
  );
}
