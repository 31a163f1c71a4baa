/**
 * Layers in pairs, Sluice's and TensorFlow.js's, drawn by numbers: what a random model is made of. TensorFlow.js is a
 * port of Keras 2. Where Keras 3 differs, a pair says so and leaves the difference out:
 * - "hard_sigmoid" is clip(0.2·x + 0.5) in Keras 2, relu6(x + 3) / 6 in Keras 3: not drawn.
 * - Recurrent layers of Keras 2 have hard sigmoid gates and a GRU without `resetAfter` by default: both sides say
 *   which.
 * - Keras 2's Bidirectional gives the last output at masked steps, Keras 3's zeros; its merging layers join masks by
 *   "and", Keras 3's by "or": where there is a mask, neither gives a sequence. What TensorFlow.js 4.22 lacks is not
 *   drawn: gradients of a loop over one timestep and of dilated convolutions, causal padding, normalisations without
 *   gamma or beta, an ELU of another alpha. Its gradient of a mean over a window that padding makes smaller divides by
 *   the whole window (its value does not), and that of a largest element goes whole to each of equal ones: no global
 *   pooling of the largest. Its softmax layer fails on a mask of timesteps, and a mask that has ended is still handed
 *   to later layers: behind one there are dense layers only.
 */
import * as tfl from "@tensorflow/tfjs-layers";
import * as sluice from "../../src/index.ts";

type Ours = sluice.Layer;
type Theirs = tfl.layers.Layer;

/** Numbers that choose a piece and its options. */
export interface Choice {
  readonly piece: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** A place in both models. */
export interface Place {
  readonly ours: sluice.SymbolicTensor;
  readonly theirs: tfl.SymbolicTensor;
  /** Whether a mask flows here: then the layers must be such as both know to handle. */
  readonly isMasked: boolean;
}

/** Both models as they grow. */
export class Pairs {
  /** Whether a mask flows anywhere. */
  hasMask = false;
  /** Layers that hold the same weights. */
  readonly layers: (readonly [Ours, Theirs])[] = [];

  apply(place: Place, ours: Ours, theirs: Theirs, isMasked = place.isMasked): Place {
    return this.join([place], ours, theirs, isMasked);
  }

  join(places: readonly Place[], ours: Ours, theirs: Theirs, isMasked = false): Place {
    this.layers.push([ours, theirs]);
    const [first] = places as [Place];
    const isOne = places.length === 1;
    return {
      ours: ours.call(isOne ? first.ours : places.map((place) => place.ours)),
      theirs: theirs.apply(isOne ? first.theirs : places.map((place) => place.theirs)) as tfl.SymbolicTensor,
      isMasked,
    };
  }
}

const pick = <T>(list: readonly T[], number: number): T => list[number % list.length] as T;

const ACTIVATIONS = [
  ...["linear", "relu", "tanh", "sigmoid", "softplus", "softsign"],
  ...["elu", "selu", "relu6", "swish", "mish", "softmax", "logSoftmax"],
] as const;
type ActivationName = (typeof ACTIVATIONS)[number];
const theirName = (name: ActivationName) => name as never;

/** An option that both call the same. */
const activationOf = (number: number) => {
  const name = pick(ACTIVATIONS, number);
  return [{ activation: name as sluice.ActivationLike }, { activation: theirName(name) }] as const;
};

const REGULARIZERS = [
  [{}, {}],
  [{ kernelRegularizer: sluice.l2(0.1) }, { kernelRegularizer: tfl.regularizers.l2({ l2: 0.1 }) }],
  [
    { kernelRegularizer: sluice.l1l2({ l1: 0.05, l2: 0.02 }) },
    { kernelRegularizer: tfl.regularizers.l1l2({ l1: 0.05, l2: 0.02 }) },
  ],
] as const;

/**
 * Recurrent layers' gates: Keras 3's defaults, said to both; TensorFlow.js's own initializer is slow, and weights are
 * set anyway.
 */
function recurrent({ a, b, c }: Choice, returnSequences: boolean): readonly [sluice.Rnn, tfl.layers.RNN] {
  const activation = pick(["tanh", "relu", "sigmoid", "softsign"] as const, b);
  const shared = { units: 1 + (a % 4), activation, returnSequences, useBias: c % 5 !== 0, goBackwards: c % 3 === 0 };
  const theirs = { ...shared, recurrentInitializer: "glorotNormal" } as const;
  const gates = { recurrentActivation: "sigmoid" } as const;
  switch (c % 4) {
    case 0:
      return [sluice.simpleRnn(shared), tfl.layers.simpleRNN(theirs) as tfl.layers.RNN];
    case 1:
      return [
        sluice.gru({ ...shared, ...gates, resetAfter: false }),
        tfl.layers.gru({ ...theirs, ...gates }) as tfl.layers.RNN,
      ];
    default:
      return [sluice.lstm({ ...shared, ...gates }), tfl.layers.lstm({ ...theirs, ...gates }) as tfl.layers.RNN];
  }
}

function stacked({ a, b }: Choice, returnSequences: boolean): readonly [Ours, Theirs] {
  const sizes = [1 + (a % 3), 1 + (b % 3)];
  const gates = { recurrentActivation: "sigmoid" } as const;
  const rest = { ...gates, recurrentInitializer: "glorotNormal" } as const;
  const cell = sluice.stackedRnnCells(sizes.map((units) => sluice.lstmCell({ units, ...gates })));
  const theirs = sizes.map((units) => tfl.layers.lstmCell({ units, ...rest }));
  return [sluice.rnn({ cell, returnSequences }), tfl.layers.rnn({ cell: theirs as never, returnSequences })];
}

/** A piece of a model; undefined where it does not fit the place. */
type Piece = (pairs: Pairs, place: Place, choice: Choice) => Place | undefined;

const dense: Piece = (pairs, place, { a, b, c }) => {
  const [ours, theirs] = activationOf(b);
  const [weighed, theirsWeighed] = pick(REGULARIZERS, c);
  const options = { units: 1 + (a % 5), useBias: c % 4 !== 0 };
  return pairs.apply(
    place,
    sluice.dense({ ...options, ...ours, ...weighed }),
    tfl.layers.dense({ ...options, ...theirs, ...theirsWeighed }),
  );
};

const activation: Piece = (pairs, place, { a, b }) => {
  const slope = 0.1 + (b % 5) / 10;
  const [ours, theirs] = activationOf(b);
  const kinds = [
    () => [sluice.activation(ours.activation), tfl.layers.activation(theirs)] as const,
    () => [sluice.leakyRelu({ negativeSlope: slope }), tfl.layers.leakyReLU({ alpha: slope })] as const,
    () => [sluice.elu(), tfl.layers.elu()] as const,
    () => [sluice.relu({ maxValue: slope }), tfl.layers.reLU({ maxValue: slope })] as const,
    () => [sluice.prelu(), tfl.layers.prelu()] as const,
    ...(place.isMasked ? [] : [() => [sluice.softmax(), tfl.layers.softmax({ axis: -1 })] as const]),
  ];
  const [own, other] = pick(kinds, a)();
  return pairs.apply(place, own, other);
};

const normalization: Piece = (pairs, place, { a, c }) => {
  if (place.isMasked) return undefined;
  const epsilon = pick([1e-3, 1e-2], c);
  if (a % 2 === 0)
    return pairs.apply(place, sluice.layerNormalization({ epsilon }), tfl.layers.layerNormalization({ epsilon }));
  const options = { epsilon, momentum: pick([0.9, 0.5], c) };
  const [ours, theirs] = [sluice.batchNormalization(options), tfl.layers.batchNormalization(options)];
  if (a % 4 === 1 || place.ours.shape.length !== 2 || place.ours.shape[0] === 1)
    return pairs.apply(place, ours, theirs);
  return pairs.apply(place, sluice.timeDistributed({ layer: ours }), tfl.layers.timeDistributed({ layer: theirs }));
};

/** What goes through a sequence step by step. */
const loops: readonly Piece[] = [
  (pairs, place, choice) => pairs.apply(place, ...recurrent(choice, true)),
  (pairs, place, choice) => pairs.apply(place, ...recurrent(choice, false), false),
  (pairs, place, choice) =>
    pairs.apply(place, ...stacked(choice, choice.c % 2 === 0), place.isMasked && choice.c % 2 === 0),
  (pairs, place, choice) => {
    const returnSequences = !place.isMasked && choice.b % 2 === 0;
    const [layer, theirs] = recurrent({ ...choice, c: choice.c * 3 + 1 }, returnSequences);
    const mergeMode = pick(["concat", "sum", "mul", "ave"] as const, choice.b);
    return pairs.apply(
      place,
      sluice.bidirectional({ layer, mergeMode }),
      tfl.layers.bidirectional({ layer: theirs, mergeMode }),
      false,
    );
  },
  (pairs, place, { a, b }) => {
    const [ours, theirs] = activationOf(b);
    const units = 1 + (a % 4);
    const layer = sluice.dense({ units, ...ours });
    const inner = tfl.layers.dense({ units, ...theirs });
    if (place.isMasked) return undefined;
    return pairs.apply(place, sluice.timeDistributed({ layer }), tfl.layers.timeDistributed({ layer: inner }));
  },
];

const sequences: readonly Piece[] = [
  (pairs, place, { a, b, c }) => {
    const [time] = place.ours.shape as [number, number];
    const kernelSize = 1 + (a % 3);
    const padding = pick(["valid", "same"] as const, b);
    if (place.isMasked || (padding === "valid" && time < kernelSize)) return undefined;
    const options = { filters: 1 + (c % 4), kernelSize, padding, strides: 1 + (c % 2), useBias: a % 4 !== 0 };
    const [ours, theirs] = activationOf(b);
    return pairs.apply(place, sluice.conv1d({ ...options, ...ours }), tfl.layers.conv1d({ ...options, ...theirs }));
  },
  (pairs, place, { a, b, c }) => {
    const [time] = place.ours.shape as [number, number];
    const isLargest = c % 2 === 0;
    const padding = isLargest ? pick(["valid", "same"] as const, b) : "valid";
    const options = { poolSize: 2 + (a % 2), strides: 1 + (c % 3), padding };
    if (place.isMasked || time < options.poolSize) return undefined;
    return isLargest
      ? pairs.apply(place, sluice.maxPooling1d(options), tfl.layers.maxPooling1d(options))
      : pairs.apply(place, sluice.averagePooling1d(options), tfl.layers.averagePooling1d(options));
  },
  (pairs, place, { a }) => {
    if (place.isMasked) return undefined;
    const [time, size] = place.ours.shape as [number, number];
    const targetShape = a % 2 === 0 ? [size, time] : [time * size];
    const [ours, theirs] = pick(
      [
        () => [sluice.flatten(), tfl.layers.flatten()] as const,
        () => [sluice.reshape({ targetShape }), tfl.layers.reshape({ targetShape })] as const,
        () => [sluice.permute({ dims: [2, 1] }), tfl.layers.permute({ dims: [2, 1] })] as const,
        () => [sluice.globalAveragePooling1d(), tfl.layers.globalAveragePooling1d({})] as const,
      ],
      a,
    )();
    return pairs.apply(place, ours, theirs);
  },
];

const vectors: readonly Piece[] = [
  (pairs, place, { a }) => {
    const n = 2 + (a % 3);
    return pairs.apply(place, sluice.repeatVector({ n }), tfl.layers.repeatVector({ n }));
  },
];

/** Two layers side by side, and one that joins what they give. */
const branches: Piece = (pairs, place, { a, b, c }) => {
  if (place.isMasked) return undefined;
  const units = 1 + (c % 4);
  const side = (number: number) => {
    const [ours, theirs] = activationOf(number);
    return pairs.apply(place, sluice.dense({ units, ...ours }), tfl.layers.dense({ units, ...theirs }));
  };
  const sides = [side(a), side(b)];
  const isSequence = place.ours.shape.length === 2;
  const [ours, theirs] = pick(
    [
      () => [sluice.add(), tfl.layers.add()] as const,
      () => [sluice.multiply(), tfl.layers.multiply()] as const,
      () => [sluice.average(), tfl.layers.average()] as const,
      () => [sluice.maximum(), tfl.layers.maximum()] as const,
      () => [sluice.minimum(), tfl.layers.minimum()] as const,
      () => [sluice.concatenate(), tfl.layers.concatenate()] as const,
      () => {
        const axis = isSequence ? 1 + (b % 2) : 1;
        return [sluice.concatenate({ axis }), tfl.layers.concatenate({ axis })] as const;
      },
      () => {
        const options = { axes: isSequence ? 1 + (b % 2) : 1, normalize: c % 2 === 0 };
        return [sluice.dot(options), tfl.layers.dot(options)] as const;
      },
    ],
    b,
  )();
  return pairs.join(sides, ours, theirs);
};

const ANYWHERE: readonly Piece[] = [dense, activation, normalization, branches];

/** The model with one more piece; as it was where the piece does not fit. */
export function extend(pairs: Pairs, place: Place, choice: Choice): Place {
  if (pairs.hasMask && !place.isMasked) return dense(pairs, place, choice) ?? place;
  const isLong = place.ours.shape.length === 2 && (place.ours.shape[0] as number) > 1;
  const pieces = isLong
    ? [...loops, ...sequences, ...ANYWHERE]
    : [...ANYWHERE, ...(place.ours.shape.length === 1 ? vectors : [])];
  return pick(pieces, choice.piece)(pairs, place, choice) ?? place;
}

/** The last layer, of the loss's width and activation; a masked sequence ends in a vector first. */
export function finish(pairs: Pairs, place: Place, units: number, name: ActivationName): Place {
  const end = place.isMasked ? pairs.apply(place, ...recurrent({ piece: 0, a: 2, b: 0, c: 2 }, false), false) : place;
  return pairs.apply(
    end,
    sluice.dense({ units, activation: name as sluice.ActivationLike }),
    tfl.layers.dense({ units, activation: theirName(name) }),
  );
}
