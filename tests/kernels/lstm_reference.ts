/**
 * An LSTM in float64 loops: forward, and backpropagation through time. It is the meaning that the kernels are tested
 * against.
 */
import { Random } from "../../src/core/random.ts";
import type { KernelActivation } from "../../src/kernels/elementwise/activations.ts";

/** What a run of the reference takes; sizes B, T, H. Float64 inputs are for finite differences. */
export interface LstmCase<Floats extends Float32Array | Float64Array = Float32Array | Float64Array> {
  readonly batch: number;
  readonly steps: number;
  readonly hidden: number;
  readonly x: Floats;
  readonly recurrent: Float32Array;
  readonly initial?: Floats | undefined;
  readonly mask?: Int32Array | undefined;
  readonly activation: KernelActivation;
  readonly recurrentActivation: KernelActivation;
}

export interface LstmResult {
  readonly hidden: Float64Array;
  readonly saved: Float64Array;
  readonly last: Float64Array;
}

/** Activations and their derivatives by the input. */
export const ACTIVATIONS: Record<KernelActivation, readonly [(x: number) => number, (x: number) => number]> = {
  linear: [(x) => x, () => 1],
  tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  sigmoid: [(x) => 1 / (1 + Math.exp(-x)), (x) => 1 / (2 + Math.exp(x) + Math.exp(-x))],
  relu: [(x) => Math.max(0, x), (x) => (x > 0 ? 1 : 0)],
  hard_sigmoid: [(x) => Math.min(6, Math.max(0, x + 3)) / 6, (x) => (Math.abs(x) < 3 ? 1 / 6 : 0)],
  softplus: [(x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), (x) => 1 / (1 + Math.exp(-x))],
  elu: [(x) => (x > 0 ? x : Math.expm1(x)), (x) => (x > 0 ? 1 : Math.exp(x))],
};

/** Pre-activations of a step: x + h · U, for row `row` of x. */
function preActivations({ hidden, x, recurrent }: LstmCase, row: number, h: Float64Array, base: number): Float64Array {
  const columns = 4 * hidden;
  const z = Float64Array.from(x.subarray(row * columns, (row + 1) * columns));
  for (let k = 0; k < hidden; k++) {
    const value = h[base + k] as number;
    for (let column = 0; column < columns; column++) {
      z[column] = (z[column] as number) + value * (recurrent[k * columns + column] as number);
    }
  }
  return z;
}

/** The forward sweep; `saved` holds i, f, candidate, o, c, with 0 for the gates at masked steps. */
export function lstmForward(run: LstmCase): LstmResult {
  const { batch, steps, hidden, initial, mask } = run;
  const [act] = ACTIVATIONS[run.activation];
  const [gate] = ACTIVATIONS[run.recurrentActivation];
  const state = Float64Array.from(initial ?? new Float32Array(2 * batch * hidden));
  const cells = batch * hidden;
  const result = { hidden: new Float64Array(cells * steps), saved: new Float64Array(cells * steps * 5), last: state };
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < steps; t++) {
      const row = b * steps + t;
      const z = preActivations(run, row, state, b * hidden);
      for (let unit = 0; unit < hidden; unit++) {
        const at = b * hidden + unit;
        if ((mask?.[row] ?? 1) !== 0) {
          const i = gate(z[unit] as number);
          const f = gate(z[hidden + unit] as number);
          const g = act(z[2 * hidden + unit] as number);
          const o = gate(z[3 * hidden + unit] as number);
          const c = f * (state[cells + at] as number) + i * g;
          state[cells + at] = c;
          state[at] = o * act(c);
          [i, f, g, o].forEach((value, index) => {
            result.saved[(row * 5 + index) * hidden + unit] = value;
          });
        }
        result.saved[(row * 5 + 4) * hidden + unit] = state[cells + at] as number;
        result.hidden[row * hidden + unit] = state[at] as number;
      }
    }
  }
  return result;
}

/** Backpropagation through time, written with derivatives by the inputs (the kernels use the outputs). */
export function lstmBackward(
  run: LstmCase,
  dHidden?: Float32Array,
  dLast?: Float32Array,
): { dX: Float64Array; dInitial: Float64Array } {
  const { batch, steps, hidden, recurrent, initial, mask } = run;
  const [act, actSlope] = ACTIVATIONS[run.activation];
  const [gate, gateSlope] = ACTIVATIONS[run.recurrentActivation];
  const forward = lstmForward(run);
  const cells = batch * hidden;
  const columns = 4 * hidden;
  const dX = new Float64Array(batch * steps * columns);
  const dState = Float64Array.from(dLast ?? new Float32Array(2 * cells));
  const start = Float64Array.from(initial ?? new Float32Array(2 * cells));
  for (let b = 0; b < batch; b++) {
    for (let t = steps - 1; t >= 0; t--) {
      const row = b * steps + t;
      const kept = (mask?.[row] ?? 1) !== 0;
      const h = t > 0 ? forward.hidden : start;
      const z = preActivations(run, row, h, t > 0 ? (row - 1) * hidden : b * hidden);
      const dz = dX.subarray(row * columns, (row + 1) * columns);
      for (let unit = 0; unit < hidden; unit++) {
        const at = b * hidden + unit;
        const dh = (dState[at] as number) + (dHidden?.[row * hidden + unit] ?? 0);
        dState[at] = dh;
        if (!kept) continue;
        const [zi, zf, zg, zo] = [0, 1, 2, 3].map((index) => z[index * hidden + unit] as number) as [
          number,
          number,
          number,
          number,
        ];
        const c = forward.saved[(row * 5 + 4) * hidden + unit] as number;
        const before = (t > 0 ? forward.saved[(row * 5 - 1) * hidden + unit] : start[cells + at]) as number;
        const dc = (dState[cells + at] as number) + dh * gate(zo) * actSlope(c);
        dz[unit] = dc * act(zg) * gateSlope(zi);
        dz[hidden + unit] = dc * before * gateSlope(zf);
        dz[2 * hidden + unit] = dc * gate(zi) * actSlope(zg);
        dz[3 * hidden + unit] = dh * act(c) * gateSlope(zo);
        dState[cells + at] = dc * gate(zf);
      }
      if (!kept) continue;
      for (let k = 0; k < hidden; k++) {
        let sum = 0;
        for (let column = 0; column < columns; column++) {
          sum += (dz[column] as number) * (recurrent[k * columns + column] as number);
        }
        dState[b * hidden + k] = sum;
      }
    }
  }
  return { dX, dInitial: dState };
}

/** `size` normal numbers times `scale`. */
export function normals(random: Random, size: number, scale = 1): Float32Array {
  return Float32Array.from({ length: size }, () => random.normal() * scale);
}

/** Masks worth testing: padding on the left, on the right, holes, and a row (the last) that is masked throughout. */
export function testMask(kind: "left" | "right" | "holes", batch: number, steps: number): Int32Array {
  return Int32Array.from({ length: batch * steps }, (_, index) => {
    const [b, t] = [Math.floor(index / steps), index % steps];
    if (batch > 1 && b === batch - 1) return 0;
    const padding = (b * 7) % (steps + 1);
    if (kind === "left") return t >= padding ? 1 : 0;
    if (kind === "right") return t < steps - padding ? 1 : 0;
    return (t * 5 + b * 3) % 4 === 0 ? 0 : 1;
  });
}

/** A mask with the schedule that the kernels take it in: rows, longest first, their starts and ends, then the mask. */
export function scheduleOf(mask: ArrayLike<number>, batch: number, steps: number): Int32Array {
  const spans = Array.from({ length: batch }, (_, row) => {
    const kept = Array.from({ length: steps }, (_, t) => t).filter((t) => mask[row * steps + t] !== 0);
    return { row, start: kept[0] ?? steps, end: (kept.at(-1) ?? -1) + 1 };
  }).sort((a, b) => b.end - b.start - (a.end - a.start) || a.row - b.row);
  return Int32Array.from([
    ...spans.map(({ row }) => row),
    ...spans.map(({ start }) => start),
    ...spans.map(({ end }) => end),
    ...Array.from(mask),
  ]);
}

/** A random case with weights that keep h lively at any size. */
export function randomCase(
  [batch, steps, hidden]: readonly [number, number, number],
  options: Partial<Pick<LstmCase, "mask" | "activation" | "recurrentActivation">> & { initial?: boolean } = {},
): LstmCase<Float32Array> {
  const random = new Random(batch * 10007 + steps * 101 + hidden);
  return {
    batch,
    steps,
    hidden,
    x: normals(random, batch * steps * 4 * hidden),
    recurrent: normals(random, hidden * 4 * hidden, 1 / Math.sqrt(hidden)),
    initial: options.initial === true ? normals(random, 2 * batch * hidden) : undefined,
    mask: options.mask,
    activation: options.activation ?? "tanh",
    recurrentActivation: options.recurrentActivation ?? "sigmoid",
  };
}
