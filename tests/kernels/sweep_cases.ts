/** Random runs of a sweep: its kernels' calls on them, and what the float64 loops give. */
import type { HostData } from "../../src/core/dtype.ts";
import type { AdapterTraits, KernelCall, Operand } from "../../src/core/kernel_call.ts";
import { Random } from "../../src/core/random.ts";
import type { ReferenceArray } from "../../src/graph/op.ts";
import type { KernelActivation } from "../../src/kernels/elementwise/activations.ts";
import type { SweepReads } from "../../src/kernels/recurrent/sweep.ts";
import type { LstmActivations } from "../../src/ops/recurrent/lstm.ts";
import type { SweepGradInputs } from "../../src/ops/recurrent/sweep.ts";
import { backwardLoop, type CellReference, forwardLoop } from "../../src/ops/recurrent/sweep_reference.ts";
import { operand } from "../support/kernel.ts";
import { normals, scheduleOf, testMask } from "./lstm_reference.ts";

/** A layer under test. The simple layer leaves `recurrentActivation` alone. */
export type Cell = CellReference<LstmActivations>;

type Sizes = readonly [batch: number, time: number, units: number];

interface Tensor {
  readonly shape: readonly number[];
  readonly data: HostData;
  readonly dtype: Operand["dtype"];
}

/** A run of a sweep: its sizes, inputs and activations. */
export interface Run {
  readonly cell: Cell;
  readonly family: Cell["op"]["family"];
  readonly sizes: Sizes;
  readonly reads: SweepReads<Tensor>;
  readonly activations: LstmActivations;
}

/** What `randomRun` may be told. */
export interface RunOptions extends Partial<LstmActivations> {
  readonly bias?: boolean;
  readonly initial?: boolean;
  readonly mask?: "left" | "right" | "holes";
}

/** A random run with weights that keep h lively at any size. */
export function randomRun(cell: Cell, sizes: Sizes, options: RunOptions = {}): Run {
  const { family } = cell.op;
  const [batch, time, units] = sizes;
  const columns = family.gates * units;
  const random = new Random(batch * 10007 + time * 101 + units);
  const draw = (shape: readonly number[], scale = 1): Tensor => {
    const size = shape.reduce((product, axis) => product * axis, 1);
    return { shape, data: normals(random, size, scale), dtype: "float32" };
  };
  const { activation = "tanh", recurrentActivation = "sigmoid" } = options;
  return {
    cell,
    family,
    sizes,
    reads: {
      x: draw([batch, time, columns]),
      recurrent: draw([units, columns], 1 / Math.sqrt(units)),
      ...(options.bias === true && { bias: draw([columns]) }),
      ...(family.unitWeights && { unitWeights: draw([family.unitWeights.count, units]) }),
      ...(options.initial === true && { initial: draw([family.states, batch, units]) }),
      ...(options.mask !== undefined && {
        mask: { shape: [batch, time], data: testMask(options.mask, batch, time), dtype: "bool" as const },
      }),
    },
    activations: { activation, recurrentActivation },
  };
}

/** The same run on rows of a table, by ids of which some lie outside of it; and the run that it should equal. */
export function byId(run: Run, rows: number): { readonly gathered: Run; readonly plain: Run } {
  const [batch, time] = run.sizes;
  const { x, ...rest } = run.reads;
  const columns = x.shape[2] as number;
  const random = new Random(3);
  const table = normals(random, rows * columns);
  const ids = Int32Array.from({ length: batch * time }, () => random.integer(rows + 2) - 1);
  const data = new Float32Array(x.data.length);
  ids.forEach((id, index) => {
    const row = Math.min(rows - 1, Math.max(0, id));
    data.set(table.subarray(row * columns, (row + 1) * columns), index * columns);
  });
  const tableTensor: Tensor = { shape: [rows, columns], data: table, dtype: "float32" };
  const idsTensor: Tensor = { shape: [batch, time], data: ids, dtype: "int32" };
  return {
    gathered: { ...run, reads: { x: tableTensor, ids: idsTensor, ...rest } },
    plain: { ...run, reads: { ...rest, x: { ...x, data } } },
  };
}

/** Each tensor as operand, and the data in the order that the calls want them in. */
function operandsOf<T extends object>(tensors: T): { readonly operands: T; readonly inputs: readonly HostData[] } {
  const entries = Object.entries(tensors) as (readonly [string, Tensor])[];
  const operands = entries.map(([name, { shape, dtype }], index) => [name, operand("input", index, shape, dtype)]);
  return { operands: Object.fromEntries(operands) as T, inputs: entries.map(([, { data }]) => data) };
}

function referencesOf<T extends object>(tensors: T): { readonly [N in keyof T]: ReferenceArray } {
  const entries = Object.entries(tensors) as (readonly [string, Tensor])[];
  return Object.fromEntries(
    entries.map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]),
  ) as { readonly [N in keyof T]: ReferenceArray };
}

/** The mask as the kernels take it: with its schedule. */
function scheduled(mask: Tensor): Tensor {
  const [batch, time] = mask.shape as [number, number];
  const data = scheduleOf(mask.data, batch, time);
  return { shape: [data.length], data, dtype: "int32" };
}

/** In the order in which the forward calls list what they read. */
function ordered({ x, ids, recurrent, bias, unitWeights, initial, mask }: SweepReads<Tensor>): SweepReads<Tensor> {
  return {
    x,
    ...(ids && { ids }),
    recurrent,
    ...(bias && { bias }),
    ...(unitWeights && { unitWeights }),
    ...(initial && { initial }),
    ...(mask && { mask: scheduled(mask) }),
  };
}

/** The forward call on a run, with its inputs. */
export function forwardCall(
  { family, sizes: [batch, time, units], reads, activations }: Run,
  isUsed: { readonly hidden: boolean; readonly saved: boolean },
): { readonly call: KernelCall; readonly inputs: readonly HostData[] } {
  const { operands, inputs } = operandsOf(ordered(reads));
  const writes = {
    hidden: operand("output", 0, [batch, time, units]),
    ...(family.savedParts > 0 && { saved: operand("output", 1, [batch, time, family.savedParts * units]) }),
    last: operand("output", 2, [family.states, batch, units]),
  };
  return { call: family.forwardCall(operands as unknown as SweepReads, writes, activations, isUsed), inputs };
}

/** hidden, saved where there is any, last. */
export function wantedForward({ cell, reads, activations }: Run): Float64Array[] {
  const { hidden, saved, last } = forwardLoop(cell, referencesOf(reads), activations);
  return cell.op.family.savedParts > 0 ? [hidden, saved, last] : [hidden, last];
}

/** Gradients that reach a backward sweep. */
export interface Gradients {
  readonly dHidden?: boolean;
  readonly dLast?: boolean;
}

function backwardReads(run: Run, { dHidden = true, dLast = true }: Gradients): SweepGradInputs<Tensor> {
  const { family, reads } = run;
  const [batch, time, units] = run.sizes;
  const random = new Random(batch + time + units);
  const [hidden, saved] = wantedForward(run) as [Float64Array, Float64Array];
  const draw = (shape: readonly number[]): Tensor => ({
    shape,
    data: normals(
      random,
      shape.reduce((product, axis) => product * axis, 1),
    ),
    dtype: "float32",
  });
  const parts = family.savedParts;
  return {
    kept: {
      shape: [batch, time, Math.max(1, parts) * units],
      data: Float32Array.from(parts > 0 ? saved : hidden),
      dtype: "float32",
    },
    recurrent: reads.recurrent,
    ...(reads.unitWeights && { unitWeights: reads.unitWeights }),
    ...(dHidden && { dHidden: draw([batch, time, units]) }),
    ...(dLast && { dLast: draw([family.states, batch, units]) }),
    ...(reads.mask && { mask: reads.mask }),
    ...(family.rereadsInitial && reads.initial && { initial: reads.initial }),
  };
}

/** The backward call on a run, with its inputs, and what it should write, in its writes' order. */
export function backwardCall(
  run: Run,
  gradients: Gradients = {},
): { readonly call: KernelCall; readonly inputs: readonly HostData[]; readonly wanted: readonly Float64Array[] } {
  const { cell, family, activations } = run;
  const [batch, time, units] = run.sizes;
  const tensors = backwardReads(run, gradients);
  const { operands, inputs } = operandsOf({ ...tensors, ...(tensors.mask && { mask: scheduled(tensors.mask) }) });
  const gate = [batch, time, family.gates * units];
  const writes = {
    dX: operand("output", 0, gate),
    ...(family.separatesInner && { dInner: operand("output", 1, gate) }),
    dInitial: operand("output", 2, [family.states, batch, units]),
  };
  const { dX, dInitial, dInner } = backwardLoop(cell, referencesOf(tensors), activations);
  return {
    call: family.backwardCall(operands as unknown as SweepGradInputs<Operand>, writes, activations),
    inputs,
    wanted: [dX, ...(family.separatesInner ? [dInner] : []), dInitial],
  };
}

/** Traits under which a sweep's time is cut into chunks of `steps` steps. */
export function cutIntoChunks(traits: AdapterTraits, run: Run, steps: number): AdapterTraits {
  const { family, sizes } = run;
  const rows = 2 * Math.ceil(sizes[0] / 8) * 4;
  const secondsPerStep = (rows * family.gates * sizes[2] ** 2) / traits.multiplyAddsPerSecond;
  return { ...traits, dispatchSeconds: secondsPerStep * (steps + 0.5) };
}

/** Pairs of activations in which each comes up in both places. */
export function activationPairs(names: readonly KernelActivation[]): readonly LstmActivations[] {
  return names.map((activation, index) => ({
    activation,
    recurrentActivation: names[(index + 1) % names.length] as KernelActivation,
  }));
}
