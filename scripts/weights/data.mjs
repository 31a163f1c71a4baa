// Data for the runs of scripts/weights_sha.mjs. It is generated without the engine, which is under test.

/** Pseudo-random numbers in ± `scale`, the same in every run. */
export function numbers(size, seed, scale = 1) {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  });
}

/** An array in Sluice's format. */
export const array = (shape, data) => ({ shape, data });

const sizeOf = (shape) => shape.reduce((product, axis) => product * axis, 1);

/** `numbers` as an array of a shape. */
export const spread = (shape, seed, scale) => array(shape, numbers(sizeOf(shape), seed, scale));

/** Whole numbers from 0 to `below` - 1. */
export const ids = (shape, below, seed) =>
  array(
    shape,
    Int32Array.from(numbers(sizeOf(shape), seed), (x) => Math.floor(((x + 1) / 2) * below)),
  );

/** Rows of ids with leading zeros: some rows have none, one has nothing else. */
export function leftPadded(rows, time, below, seed) {
  const { data } = ids([rows, time], below - 1, seed);
  return array(
    [rows, time],
    data.map((id, at) => (at % time < (Math.floor(at / time) * 5) % (time + 1) ? 0 : id + 1)),
  );
}

/** Sequences in which some timesteps are zero: at the start, in the middle and at the end. */
export function withGaps(shape, seed) {
  const { data } = spread(shape, seed);
  const [, time, features] = shape;
  return array(
    shape,
    data.map((x, at) => {
      const [row, t] = [Math.floor(at / (time * features)), Math.floor(at / features) % time];
      return (row % 3 === 0 && t < 2) || (row % 4 === 1 && t >= time - 3) || (row % 2 === 0 && t === 3) ? 0 : x;
    }),
  );
}
