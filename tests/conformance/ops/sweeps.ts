/** The sweeps over time of the recurrent layers: one table of cases, for each of them. */
import { ops, type Value } from "../../../src/index.ts";
import type { KernelActivation } from "../../../src/kernels/elementwise/activations.ts";
import { gruSweepOp } from "../../../src/ops/recurrent/gru.ts";
import { type LstmActivations, lstmSweepOp } from "../../../src/ops/recurrent/lstm.ts";
import { peepholeLstmSweepOp } from "../../../src/ops/recurrent/peephole_lstm.ts";
import { simpleRnnSweepOp } from "../../../src/ops/recurrent/simple_rnn.ts";
import type { PaddedOps } from "../../../src/ops/recurrent/sweep.ts";
import { flags, ids, normal, type OpCase, paddedIds, type TensorSpec } from "./op_case.ts";

interface Activations {
  readonly activation?: KernelActivation;
  readonly recurrentActivation?: KernelActivation;
}

interface Parts extends Activations {
  readonly bias?: Value;
  readonly initial?: Value;
  readonly mask?: Value;
}

/** How a recurrent layer's sweep is called. */
interface Family {
  readonly op: string;
  /** The sweep of rows that share their padding, where there is one. */
  readonly padded?: PaddedOps<LstmActivations> | undefined;
  readonly gates: number;
  readonly states: number;
  readonly hasBias: boolean;
  /** Weights that each unit has of its own, for which `weights` holds `[unitWeights, H]`. */
  readonly unitWeights?: number;
  sweep(x: Value, recurrent: Value, parts: Parts, weights?: Value): { readonly hidden: Value; readonly last: Value };
  /** On x `[V, G·H]`, ids, the recurrent kernel and the units' weights: hidden and last. */
  byId(values: readonly Value[]): readonly Value[];
}

const GATES = { activation: "tanh", recurrentActivation: "sigmoid" } as const;
const named = ([x, ids, recurrent]: readonly Value[]) => {
  return { x: x as Value, ids: ids as Value, recurrent: recurrent as Value };
};
const ends = ({ hidden, last }: { readonly hidden: Value; readonly last: Value }) => [hidden, last];

const LSTM: Family = {
  op: "lstmSweep",
  padded: lstmSweepOp.padded,
  gates: 4,
  states: 2,
  hasBias: false,
  sweep: (x, recurrent, parts) => ops.lstmSweep(x, recurrent, parts),
  byId: (values) => ends(lstmSweepOp(named(values), GATES)),
};

const PEEPHOLE_LSTM: Family = {
  op: "peepholeLstmSweep",
  padded: peepholeLstmSweepOp.padded,
  gates: 4,
  states: 2,
  hasBias: false,
  unitWeights: 3,
  sweep: (x, recurrent, parts, peepholes) => ops.peepholeLstmSweep(x, recurrent, peepholes as Value, parts),
  byId: (values) => ends(peepholeLstmSweepOp({ ...named(values), unitWeights: values[3] }, GATES)),
};

const GRU: Family = {
  op: "gruSweep",
  padded: gruSweepOp.padded,
  gates: 3,
  states: 1,
  hasBias: true,
  sweep: (x, recurrent, parts) => ops.gruSweep(x, recurrent, parts),
  byId: (values) => ends(gruSweepOp(named(values), GATES)),
};

const SIMPLE: Family = {
  op: "simpleRnnSweep",
  gates: 1,
  states: 1,
  hasBias: false,
  sweep: (x, recurrent, { recurrentActivation: _, ...parts }) => ops.simpleRnnSweep(x, recurrent, parts),
  byId: (values) => ends(simpleRnnSweepOp(named(values), { activation: "tanh" })),
};

/** Rows that share their padding: from 16 on, software adapters do. */
function sharing(family: Family, batch: number, time: number, units: number, activations: Activations = {}): OpCase {
  const { op, gates, hasBias, padded } = family;
  return {
    isOnGpu: batch > 16,
    op: op.replace("Sweep", "PaddedSweep"),
    name: `B ${batch}, T ${time}, H ${units}${activations.activation ? `, ${activations.activation}` : ""}`,
    inputs: [
      normal([9, gates * units]),
      paddedIds([batch, time], 9),
      normal([units, gates * units], 1 / Math.sqrt(units)),
      ...(hasBias ? [normal([gates * units])] : []),
      ...ownWeights(family, units),
    ],
    build: (values) => {
      const [table, rows, recurrent, other] = values as readonly [Value, Value, Value, Value | undefined];
      const weights = { bias: hasBias ? other : undefined, unitWeights: hasBias ? undefined : other };
      const last = padded?.last({ table, ids: rows, recurrent, ...weights }, { ...GATES, ...activations });
      return last === undefined ? [] : [last];
    },
    tolerance: { absolute: 2e-5, relative: 2e-5 },
  };
}

interface SweepOptions {
  readonly batch: number;
  readonly time: number;
  readonly units: number;
  readonly bias?: boolean;
  readonly initial?: boolean;
  readonly mask?: boolean;
  /** Which of `hidden` and `last` the loss depends on. */
  readonly wants?: readonly ("hidden" | "last")[];
  readonly activations?: Activations;
  readonly isOnGpu?: boolean;
}

const SWEEP = { absolute: 5e-6, relative: 5e-5 };

function sweep(family: Family, name: string, options: SweepOptions): OpCase {
  const { op, gates, states, sweep: run } = family;
  const { batch, time, units, wants = ["hidden", "last"], activations, isOnGpu = true } = options;
  const { bias = false, initial = false, mask = false } = options;
  const inputs: TensorSpec[] = [
    normal([batch, time, gates * units]),
    normal([units, gates * units], 1 / Math.sqrt(units)),
    ...(bias ? [normal([gates * units])] : []),
    ...(initial ? [normal([states, batch, units])] : []),
    ...(mask ? [flags([batch, time])] : []),
    ...ownWeights(family, units),
  ];
  return {
    op,
    name,
    inputs,
    build: ([x, recurrent, ...rest]) => {
      const parts = {
        ...activations,
        ...(bias && { bias: rest[0] as Value }),
        ...(initial && { initial: rest[Number(bias)] as Value }),
        ...(mask && { mask: rest[Number(bias) + Number(initial)] as Value }),
      };
      const result = run(x as Value, recurrent as Value, parts, rest.at(-1));
      return wants.map((which) => result[which]);
    },
    tolerance: SWEEP,
    isOnGpu,
  };
}

const ownWeights = ({ unitWeights }: Family, units: number) => (unitWeights ? [normal([unitWeights, units])] : []);

const small = { batch: 3, time: 5, units: 4 };

function casesOf(family: Family): OpCase[] {
  const { op, gates, states, hasBias } = family;
  // A sweep's shader takes a software adapter seconds to compile: one layer tries all of these, the kernels' own tests
  // the others.
  const isLstm = family === LSTM;
  const both = { ...small, initial: true, mask: true, bias: hasBias };
  return [
    sweep(family, "plain", { ...small, isOnGpu: isLstm }),
    sweep(family, "last only", { ...small, wants: ["last"], isOnGpu: isLstm }),
    sweep(family, "hidden only", { ...small, wants: ["hidden"], isOnGpu: false }),
    sweep(family, "initial state", { ...small, initial: true, isOnGpu: false }),
    sweep(family, "mask", { ...small, mask: true, isOnGpu: false }),
    sweep(family, "initial state and mask", both),
    sweep(family, "initial state and mask, last only", { ...both, wants: ["last"], isOnGpu: false }),
    sweep(family, "one of everything", { batch: 1, time: 1, units: 1, isOnGpu: isLstm }),
    sweep(family, "one step, initial state", { batch: 2, time: 1, units: 7, initial: true, isOnGpu: false }),
    sweep(family, "odd sizes", { batch: 7, time: 9, units: 65, bias: hasBias }),
    sweep(family, "many rows", { ...both, batch: 65, time: 3, isOnGpu: isLstm }),
    sweep(family, "many units", { batch: 1, time: 2, units: 257, isOnGpu: false }),
    ...(["relu", "linear", "softplus", "elu", "sigmoid"] as const).map((activation) =>
      sweep(family, `activation ${activation}`, { ...small, activations: { activation }, isOnGpu: false }),
    ),
    ...(states === 1 && gates === 1
      ? []
      : [
          sweep(family, "hard sigmoid gates", {
            ...small,
            activations: { recurrentActivation: "hard_sigmoid" },
            isOnGpu: isLstm,
          }),
        ]),
    {
      op,
      name: "rows by id",
      inputs: [normal([11, gates * 4]), ids([3, 5], 11), normal([4, gates * 4]), ...ownWeights(family, 4)],
      build: (values) => family.byId(values),
      tolerance: SWEEP,
    },
    {
      op,
      name: "of a gathered projection, reversed",
      inputs: [
        normal([6, 3]),
        ids([4, 7], 6),
        normal([3, gates * 5]),
        normal([5, gates * 5], 0.5),
        normal([gates * 5]),
        ...ownWeights(family, 5),
      ],
      build: ([table, list, kernel, recurrent, bias, weights]) => {
        const x = ops.add(ops.matmul(ops.gather(table as Value, list as Value), kernel as Value), bias as Value);
        return [family.sweep(ops.reverse(x, 1), recurrent as Value, {}, weights).last];
      },
      tolerance: { absolute: 1e-5, relative: 5e-5 },
    },
  ];
}

/** Every sweep with every part that it may have. */
export const sweepCases: readonly OpCase[] = [
  ...casesOf(LSTM),
  ...casesOf(PEEPHOLE_LSTM),
  ...casesOf(GRU),
  ...casesOf(SIMPLE),
  ...[LSTM, PEEPHOLE_LSTM, GRU].flatMap((family) => [
    sharing(family, 37, 7, 5),
    sharing(family, 16, 1, 3),
    sharing(family, 3, 5, 4, { activation: "relu" }),
  ]),
  sharing(LSTM, 17, 9, 20),
  {
    op: "lstmSweep",
    name: "the saved gates",
    inputs: [normal([3, 5, 16]), normal([4, 16]), flags([3, 5])],
    build: ([x, recurrent, mask]) => {
      const { saved, last } = ops.lstmSweep(x as Value, recurrent as Value, { mask: mask as Value });
      // Gates of a masked step are unspecified; the cell is its last value.
      return [ops.slice(saved, [0, 0, 16], [3, 5, 4]), last];
    },
    withoutCotangent: [0],
  },
  {
    op: "gruSweep",
    name: "the saved gates",
    inputs: [normal([3, 5, 12]), normal([4, 12])],
    build: ([x, recurrent]) => {
      const { saved, last } = ops.gruSweep(x as Value, recurrent as Value);
      return [saved, last];
    },
    withoutCotangent: [0],
  },
];
