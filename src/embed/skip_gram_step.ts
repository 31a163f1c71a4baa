/** The graph of a step of skip-gram with negative sampling: small matrix products, and no atomics. */
import type { NdArray } from "../core/nd_array.ts";
import { Random } from "../core/random.ts";
import { constant, input, type Value, Variable } from "../graph/operation.ts";
import { adagrad } from "../nn/optimizers/index.ts";
import { gather } from "../ops/data/gather.ts";
import { reshape } from "../ops/data/movement.ts";
import {
  add,
  cast,
  greaterEqual,
  lessEqual,
  logicalAnd,
  mul,
  neg,
  softplus,
  where,
} from "../ops/elementwise/arithmetic.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { RATE_COUNT } from "../ops/optimizers/update_op.ts";
import { checkFinite } from "../ops/reduce/check_finite.ts";
import { sum } from "../ops/reduce/reduce.ts";
import type { Device } from "../runtime/device.ts";
import { type Feeds, Program } from "../runtime/run/program.ts";
import { differentiate } from "../transform/differentiate.ts";
import type { SkipGramBatch, SkipGramShape } from "./skip_gram_batches.ts";

/** The inputs of a step as graph values; see `SkipGramBatch` for their contents. */
export interface SkipGramInputs {
  readonly centres: Value;
  readonly others: Value;
  readonly left: Value;
  readonly right: Value;
}

/** The inputs of a step. */
export function skipGramInputs({ groups, centres, window, noise }: SkipGramShape): SkipGramInputs {
  const ids = (name: string, size: number) => input(name, [groups, size], "int32");
  return {
    centres: ids("centres", centres),
    others: ids("others", centres + 2 * window + noise),
    left: ids("left", centres),
    right: ids("right", centres),
  };
}

/**
 * The loss of a step, summed over its pairs: Σ −log σ(v·u) over each centre's vector v and the vectors u of its
 * context, plus Σ −log σ(−v·u) over the group's noise words, weighted as if each pair had `negative` separate ones.
 * Source: Mikolov et al. 2013, equation 4; shared noise words: Ji et al. 2016, "Parallelizing Word2Vec in Shared and
 * Distributed Memory". A noise word that is also in the context counts as both, as in the definition of the noise
 * distribution.
 *
 * @param tables v of every word and u of every word, each `[V, D]`.
 */
export function skipGramLoss(
  tables: { readonly inner: Value; readonly outer: Value },
  { centres, others, left, right }: SkipGramInputs,
  { groups, centres: rows, window, noise }: SkipGramShape,
  negative: number,
): Value {
  const near = rows + 2 * window;
  const columns = near + noise;
  const scores = matmul(gather(tables.inner, centres), gather(tables.outer, others), { transposeB: true });
  // The distance of each column from each row's centre; noise words and the centre itself get a distance beyond every
  // window.
  const offsets = Int32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const offset = column - row - window;
    return column >= near || offset === 0 ? FAR : offset;
  });
  const distance = constant({ shape: [1, rows, columns], data: offsets });
  const column = (value: Value) => reshape(value, [groups, rows, 1]);
  const isContext = logicalAnd(greaterEqual(distance, neg(column(left))), lessEqual(distance, column(right)));
  const isNoise = Float32Array.from({ length: columns }, (_, at) => Number(at >= near) * (negative / noise));
  const share = constant({ shape: [1, 1, columns], data: isNoise });
  const pairs = cast(column(add(left, right)), "float32");
  const attracted = mul(cast(isContext, "float32"), softplus(neg(scores)));
  const repelled = mul(mul(share, pairs), softplus(scores));
  return sum(add(attracted, repelled));
}

/** Beyond every window. */
const FAR = 1 << 24;

/** The training options of a step. */
export interface SkipGramStepOptions {
  readonly vectorSize: number;
  readonly vocabulary: number;
  readonly negative: number;
  readonly seed: number;
}

/** A compiled step, which reads nothing back. */
export interface SkipGramStep {
  readonly program: Program;
  /** The resulting word vectors. */
  readonly inner: Variable;
  /** The loss of all steps since this was last set to 0. */
  readonly loss: Variable;
  /** 0, or 1 + the first step whose loss was not finite; nothing changes from that step on. */
  readonly status: Variable;
  /** All state on the device. */
  readonly variables: readonly Variable[];
  feeds(batch: SkipGramBatch, step: number, learningRate: number): Feeds;
}

/** The random stream of the initial vectors. */
const START_STREAM = 1 << 17;
/**
 * The initial value of Adagrad's sums of squares: small compared to a step's gradients, so that a word's first steps
 * are about as large as the learning rate.
 */
const ACCUMULATOR = 1;

/** Compiles a step. As in word2vec.c, `inner` is initialised within ±0.5/D and `outer` to 0. */
export async function skipGramStep(
  device: Device,
  shape: SkipGramShape,
  { vectorSize, vocabulary, negative, seed }: SkipGramStepOptions,
): Promise<SkipGramStep> {
  const table = { shape: [vocabulary, vectorSize] };
  const inner = new Variable({
    name: "words/inner",
    ...table,
    initial: () => startVectors(vocabulary, vectorSize, seed),
  });
  const outer = new Variable({ name: "words/outer", ...table });
  const loss = new Variable({ name: "words/loss", shape: [], trainable: false });
  const status = new Variable({ name: "words/status", shape: [1], dtype: "int32", trainable: false });
  const optimizer = adagrad({ initialAccumulatorValue: ACCUMULATOR });
  const slots = [optimizer.slots(inner), optimizer.slots(outer)];
  const inputs = skipGramInputs(shape);
  const rates = input("rates", [RATE_COUNT]);
  const step = input("step", [], "int32");
  const total = skipGramLoss({ inner: inner.value, outer: outer.value }, inputs, shape, negative);
  const { value, gradients } = differentiate(total, [inner.value, outer.value]);
  const checked = checkFinite([value], status.value, step);
  const summed = add(loss.value, where(lessEqual(reshape(checked, []), 0), value, 0));
  const updates = [
    { variable: status, value: checked },
    { variable: loss, value: summed },
    ...[inner, outer].flatMap((weight, index) =>
      optimizer.update(weight, slots[index] ?? [], { gradient: gradients[index] as Value, rates, status: checked }),
    ),
  ];
  const program = await Program.compile(
    device,
    { outputs: [], updates },
    { label: "skip-gram step", inputs: [...Object.values(inputs), rates, step] },
  );
  return {
    program,
    inner,
    loss,
    status,
    variables: [inner, outer, loss, status, ...slots.flat()],
    feeds: (batch, at, learningRate) =>
      new Map<Value, NdArray>([
        ...(["centres", "others", "left", "right"] as const).map(
          (name) => [inputs[name], { shape: inputs[name].shape, data: batch[name] }] as const,
        ),
        [rates, { shape: [RATE_COUNT], data: Float32Array.of(learningRate, 0, 0, 0, 0, 0) }],
        [step, { shape: [], data: Int32Array.of(at) }],
      ]),
  };
}

function startVectors(vocabulary: number, size: number, seed: number): NdArray {
  const random = new Random(seed, START_STREAM);
  const data = Float32Array.from({ length: vocabulary * size }, () => (random.uniform() - 0.5) / size);
  return { shape: [vocabulary, size], data };
}
