/**
 * Traces a recurrent layer as it reads a text: gates and states for each word, and each unit's weight in the output.
 */
import type { CellTrace, GruTrace, Model, NdArray, ReviewEncoder, SimpleRnnTrace } from "sluice";
import type { CellKind, CellReading, Part, PartName, Token } from "../messages/cell.ts";

/** Only the end of a longer text is read. */
const MOST_CHARACTERS = 10_000;

/** Recurrent layers that can be shown, by Keras's names. */
const KINDS = { LSTM: "lstm", GRU: "gru", SimpleRNN: "simpleRnn" } as const;

/** The parts of each kind, in the order in which they are read. */
export const PARTS: Readonly<Record<CellKind, readonly PartName[]>> = {
  lstm: ["f", "i", "candidate", "c", "o", "h"],
  gru: ["z", "r", "candidate", "h"],
  simpleRnn: ["h"],
};

/** A model and its encoder. */
interface Asked {
  readonly model: Model;
  readonly encoder: ReviewEncoder;
}

/**
 * Reads a text with the model's first recurrent layer.
 * @throws Error when the model has none, or the text contains no word.
 */
export async function readCell({ model, encoder }: Asked, text: string): Promise<CellReading> {
  const layer = model.layers.find(({ className }) => className in KINDS);
  if (layer === undefined) throw new Error("the model has no LSTM, GRU or simple recurrent layer to look into");
  const kind = KINDS[layer.className as keyof typeof KINDS];
  const tokens = tokensOf(encoder, text).slice(-(model.inputShape[0] as number));
  const trace = await model.trace<CellTrace & GruTrace & SimpleRnnTrace>(encoder.encode([heardOf(text)]), {
    layer: layer.name,
  });
  const [, time, units] = trace.h.shape as [number, number, number];
  const from = encoder.padding === "pre" ? time - tokens.length : 0;
  const rows = ({ data }: NdArray, first: number, count: number): Part =>
    Float32Array.from(data.subarray(first * units, (first + count) * units));
  const parts = Object.fromEntries(PARTS[kind].map((name) => [name, rows(trace[name], from, tokens.length)]));
  const state = kind === "lstm" ? trace.c : trace.h;
  const before = from === 0 ? new Float32Array(units) : rows(state, from - 1, 1);
  return { text, kind, units, tokens, parts, before, ...(await outputOf(model, units)) };
}

function heardOf(text: string): string {
  return text.slice(-MOST_CHARACTERS);
}

/** The tokens that the layer reads, beginning with the start token. */
function tokensOf(encoder: ReviewEncoder, text: string): Token[] {
  const { tokenizer, startId, oovChar } = encoder;
  const words = tokenizer.words(heardOf(text)).flatMap((word, place): Token[] => {
    const id = encoder.idOfRank(tokenizer.wordIndex.get(word));
    return id < 0 ? [] : [{ word, place, isRare: id === oovChar }];
  });
  return startId < 0 ? words : [{ word: "⟨start⟩", place: undefined, isRare: false }, ...words];
}

/** The weights of a last layer of one unit that reads the recurrent layer's `units`. */
async function outputOf(model: Model, units: number): Promise<Pick<CellReading, "output" | "bias">> {
  const [kernel, bias] = (await model.weights()).slice(-2);
  const fits = kernel?.shape.length === 2 && kernel.shape[0] === units && kernel.shape[1] === 1;
  if (!fits || bias?.shape.length !== 1) return { output: new Float32Array(0), bias: 0 };
  return { output: Float32Array.from(kernel.data), bias: bias.data[0] as number };
}
