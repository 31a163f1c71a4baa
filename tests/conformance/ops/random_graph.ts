/**
 * Random graphs: a list of choices becomes a DAG of ops on random shapes. The same choices always give the same graph.
 */
import { ops, type Value } from "../../../src/index.ts";
import { apart, ids, type OpCase, type TensorSpec, uniform } from "./op_case.ts";

/** A choice of an op and of its operands, as plain numbers: whatever they are, a valid graph comes of them. */
export interface Choice {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

type Make = (a: Value, b: Value, choice: Choice) => Value | undefined;

const axisOf = (x: Value, { c }: Choice) => c % x.shape.length;

/** True where two shapes broadcast. */
function doBroadcast(a: Value, b: Value): boolean {
  const [short, long] = a.shape.length < b.shape.length ? [a.shape, b.shape] : [b.shape, a.shape];
  return short.every((size, index) => {
    const other = long[long.length - short.length + index];
    return size === other || size === 1 || other === 1;
  });
}

const withBoth =
  (make: (a: Value, b: Value) => Value): Make =>
  (a, b) =>
    doBroadcast(a, b) ? make(a, b) : undefined;

/** Values stay near 1 in size, so that float32 keeps its digits whatever the graph. */
const MAKERS: readonly Make[] = [
  withBoth((a, b) => ops.mul(ops.add(a, b), 0.5)),
  withBoth((a, b) => ops.mul(ops.sub(a, b), 0.5)),
  withBoth((a, b) => ops.tanh(ops.mul(a, b))),
  withBoth((a, b) => ops.div(a, ops.add(ops.square(b), 1))),
  // Both choices meet where the condition turns: rounding to the other side changes little.
  withBoth((a, b) => ops.where(ops.greater(a, b), a, ops.mul(ops.add(a, b), 0.5))),
  (a) => ops.sigmoid(a),
  (a) => ops.tanh(a),
  (a) => ops.softplus(a),
  (a) => ops.exp(ops.neg(ops.square(a))),
  (a) => ops.log(ops.add(ops.square(a), 1)),
  (a) => ops.sqrt(ops.add(ops.square(a), 0.5)),
  (a, _b, { c }) =>
    a.shape.length === 0
      ? undefined
      : ops.transpose(
          a,
          a.shape.map((_, axis) => (axis + c) % a.shape.length),
        ),
  (a, _b, choice) => (a.shape.length === 0 ? undefined : ops.mean(a, { axes: axisOf(a, choice) })),
  (a, _b, choice) => (a.shape.length === 0 ? undefined : ops.mean(a, { axes: axisOf(a, choice), keepDims: true })),
  (a, _b, choice) => (a.shape.length === 0 ? undefined : ops.reverse(a, axisOf(a, choice))),
  (a) => (a.shape.length === 0 ? undefined : ops.softmax(a)),
  (a) => ops.reshape(a, [-1]),
  (a) => (a.shape.length < 4 ? ops.expandDims(a, 0) : undefined),
  (a, _b, choice) => {
    if (a.shape.length === 0) return undefined;
    const axis = axisOf(a, choice);
    const cut = a.shape.map((size, index) => (index === axis ? Math.ceil(size / 2) : size));
    return ops.slice(
      a,
      a.shape.map((size, index) => (index === axis ? size - (cut[axis] as number) : 0)),
      cut,
    );
  },
  (a, _b, choice) => (a.shape.length === 0 ? undefined : ops.concat([a, ops.mul(a, 0.5)], axisOf(a, choice))),
  (a, b) => (a.shape.join() === b.shape.join() && a.shape.length < 4 ? ops.stack([a, b], a.shape.length) : undefined),
  (a, b) => {
    const isFit = a.shape.length >= 2 && b.shape.length === 2 && a.shape.at(-1) === b.shape[0];
    return isFit ? ops.tanh(ops.matmul(a, b)) : undefined;
  },
  (a, b) => {
    const isFit = a.shape.length === 2 && b.shape.length === 2 && a.shape[0] === b.shape[0];
    return isFit ? ops.tanh(ops.matmul(a, b, { transposeA: true })) : undefined;
  },
  (a, b) => {
    const isFit = a.shape.length >= 2 && b.shape.length >= 2 && a.shape.at(-1) === b.shape.at(-1);
    if (!isFit || a.shape.length + b.shape.length > 5) return undefined;
    const batches = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    if (batches.every(({ length }) => length > 0) && String(batches[0]) !== String(batches[1])) return undefined;
    return ops.relu(ops.matmul(a, b, { transposeB: true }));
  },
];

/** Grows by every choice that fits; nothing grows beyond this many elements. */
const MAX_ELEMENTS = 4000;

/** The case that the choices stand for; its outputs are the last value made and one from the middle. */
export function randomGraph(
  name: string,
  sizes: readonly [number, number, number],
  choices: readonly Choice[],
): OpCase {
  const [m, n, k] = sizes;
  const inputs: readonly TensorSpec[] = [
    uniform([m, n], -1.5, 1.5),
    apart([n]),
    uniform([n, k], -1, 1),
    uniform([], -1, 1),
    uniform([2, m, n], -1, 1),
    ids([k], n),
  ];
  return {
    op: "random graph",
    name,
    inputs,
    build: (given) => {
      const [x, bias, table, factor, cube, list] = given as [Value, Value, Value, Value, Value, Value];
      const values: Value[] = [x, bias, table, factor, cube, ops.gather(table, list)];
      for (const choice of choices) {
        const [a, b] = [choice.a, choice.b].map((index) => values[index % values.length]) as [Value, Value];
        const value = (MAKERS[choice.op % MAKERS.length] as Make)(a, b, choice);
        const size = value?.shape.reduce((product, axis) => product * axis, 1) ?? 0;
        if (value !== undefined && size <= MAX_ELEMENTS) values.push(value);
      }
      return [values.at(-1) as Value, values[values.length >> 1] as Value];
    },
    tolerance: { absolute: 5e-5, relative: 5e-4 },
  };
}
