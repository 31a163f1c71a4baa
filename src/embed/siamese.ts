/** Tunes sentence vectors on pairs of texts: one model encodes both texts, and the cosine of the vectors is trained. */
import { ShapeError, ValueError } from "../core/errors.ts";
import {
  checkedLater,
  either,
  instanceOf,
  oneOf,
  readOptions,
  readValue,
  required,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { makeRagged } from "../data/make_ragged.ts";
import { dot, input } from "../nn/layers/index.ts";
import { contrastive, type LossLike, meanSquaredError } from "../nn/losses/index.ts";
import { model as functional } from "../nn/model/functional.ts";
import { Model } from "../nn/model/model.ts";
import type { CompileOptions } from "../nn/model/model_options.ts";
import { FIT, type FitOptions } from "../nn/training/fit_options.ts";
import type { History } from "../nn/training/fit_result.ts";
import { checkedTexts } from "./argument_checks.ts";
import { expectIdEncoder } from "./id_encoder.ts";

/** Pairs of texts. */
export interface TextPairs {
  readonly first: readonly string[];
  readonly second: readonly string[];
  /** For each pair, 1 if the texts are similar and 0 if not; for the loss "cosine", any cosine from -1 to 1. */
  readonly labels: readonly number[];
}

/** Options of `tunePairs`. */
export interface TunePairsOptions extends FitOptions {
  /**
   * "contrastive" (the default) pulls pairs with label 1 together and pushes pairs with label 0 apart up to a margin;
   * "cosine" is the mean squared error between cosine and label; or any loss of the cosine.
   */
  readonly loss?: "contrastive" | "cosine" | LossLike | undefined;
  /** The optimizer; Adam by default. */
  readonly optimizer?: CompileOptions["optimizer"];
}

const aModel = instanceOf("a model", Model);

const TUNE = {
  ...FIT,
  loss: withDefault(either(oneOf(["contrastive", "cosine"]), checkedLater<LossLike>("a loss")), "contrastive"),
  optimizer: withDefault(checkedLater<NonNullable<CompileOptions["optimizer"]>>("an optimizer"), "adam"),
} satisfies TableOf<TunePairsOptions>;

const list = <T>(of: string) => instanceOf<readonly T[]>(`a list of ${of}`, Array);

const PAIRS = {
  first: required(list<string>("texts")),
  second: required(list<string>("texts")),
  labels: required(list<number>("numbers")),
} satisfies TableOf<TextPairs>;

/**
 * Creates a model with two inputs, `first` and `second`, that are both encoded by `tower` with shared weights. Its
 * output is the cosine of the two vectors, `[B, 1]`. Training it trains the tower. Source: Bromley et al. 1993,
 * "Signature Verification using a 'Siamese' Time Delay Neural Network"; of sentences: Reimers & Gurevych 2019,
 * "Sentence-BERT".
 *
 * @throws ValueError unless the tower has one input, and one vector per example as its output.
 * @example
 * const pairs = siamese(tower);
 * pairs.compile({ loss: contrastive({ margin: 0.5 }) });
 * await pairs.fit([firstIds, secondIds], labels, { epochs: 2 });
 */
export function siamese(tower: Model): Model {
  readValue("siamese", "tower", aModel, tower);
  const { inputs, outputShape, outputs, name, device } = tower;
  const [spec] = tower.graph.inputSpecs;
  if (spec === undefined || inputs.length !== 1 || outputs.length !== 1 || outputShape.length !== 1) {
    throw new ValueError(
      `siamese: the model "${name}" has ${inputs.length} inputs and returns [B, ${outputShape.join(", ")}]; expected ` +
        "one input, and one vector per example: [B, D]",
      { inputs: inputs.length, outputShape },
    );
  }
  const sides = ["first", "second"].map((side) => input({ shape: spec.shape, name: side, dtype: spec.dtype }));
  const vectors = sides.map((side) => tower.call(side));
  return functional({ inputs: sides, outputs: dot({ axes: 1, normalize: true }).call(vectors), device });
}

/**
 * Tunes a model on pairs of texts, so that the cosine of its vectors measures their similarity; the model's weights are
 * changed in place. `modelEmbedder(tower)` embeds with them.
 *
 * @throws ValueError if the model has no encoder, or does not read texts; ShapeError when the lists differ in length.
 * @throws as `model.fit`.
 * @example
 * const tower = sequential([embedding({ inputDim: encoder.inputDim, outputDim: 32 }), lstm({ units: 32 })], options);
 * tower.encoder = encoder;
 * await tunePairs(tower, { first: ["good film"], second: ["fine movie"], labels: [1] }, { epochs: 3 });
 */
export async function tunePairs(tower: Model, pairs: TextPairs, options: TunePairsOptions = {}): Promise<History> {
  readValue("tunePairs", "tower", aModel, tower);
  const { loss, optimizer, ...fit } = readOptions("tunePairs(tower, pairs)", TUNE, options);
  const { first, second, labels } = readOptions("tunePairs", PAIRS, pairs);
  const encoder = expectIdEncoder("tunePairs", tower.encoder, tower.name);
  if (first.length !== second.length || first.length !== labels.length) {
    throw new ShapeError(
      `tunePairs: got ${first.length} first texts, ${second.length} second ones and ${labels.length} labels; ` +
        "expected equal numbers",
      { first: first.length, second: second.length, labels: labels.length },
    );
  }
  if (labels.length === 0) throw new ValueError("tunePairs: there are no pairs; expected at least one");
  using both = siamese(tower);
  const { padding, truncating } = encoder;
  const [time] = tower.inputShape;
  const encode = (side: string, texts: readonly string[]) =>
    makeRagged(
      Array.from(checkedTexts(`tunePairs: ${side}`, texts), (text) => encoder.encodeText(text)),
      { maxLength: time, padding, truncating },
    );
  both.compile({ loss: lossOf(loss), optimizer });
  return await both.fit(
    [encode("first", first), encode("second", second)],
    Array.from(labels, (label) => [label]),
    fit,
  );
}

function lossOf(given: NonNullable<TunePairsOptions["loss"]>): LossLike {
  if (given === "contrastive") return contrastive();
  return given === "cosine" ? meanSquaredError() : given;
}
