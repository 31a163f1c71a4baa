import { ShapeError } from "./errors.ts";
import { shown } from "./options.ts";

/** Sizes of the axes, outermost first. A scalar's shape is `[]`. */
export type Shape = readonly number[];

/** Formats a shape, such as `[2, 3]`. */
export function formatShape(shape: Shape): string {
  const sizes = Array.from(shape, (size: unknown) => (typeof size === "string" ? size : shown(size)));
  return `[${sizes.join(", ")}]`;
}

type Sizes<Rank extends number, Known extends number[] = []> = Known["length"] extends Rank
  ? Readonly<Known>
  : Sizes<Rank, [...Known, number]>;

function hasRank<Rank extends number>(shape: Shape, rank: Rank): shape is Sizes<Rank> & Shape {
  return shape.length === rank;
}

/**
 * The sizes of a shape of known rank, as a tuple.
 * @throws ShapeError when the shape has another rank.
 * @example
 * const [batch, timesteps, units] = dims(hidden.shape, 3);
 */
export function dims<Rank extends number>(shape: Shape, rank: Rank): Sizes<Rank> {
  if (hasRank(shape, rank)) return shape;
  throw new ShapeError(`${formatShape(shape)} has ${shape.length} axes; expected ${rank}`, { shape, rank });
}

/** The number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

/** True when both shapes have the same axes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((axis, index) => axis === b[index]);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** Strides that broadcast `shape` to `target`: 0 along each broadcast axis. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const own = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((_, axis) => {
    const inner = axis - lead;
    return inner < 0 || shape[inner] === 1 ? 0 : (own[inner] as number);
  });
}

/**
 * Broadcasts shapes by NumPy's rule: they are aligned at the last axis; sizes must be equal or 1.
 * @throws ShapeError naming `what` and every shape.
 */
export function broadcastShapes(what: string, ...shapes: Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let size = 1;
    for (const shape of shapes) {
      const inner = axis - (rank - shape.length);
      const own = inner < 0 ? 1 : (shape[inner] as number);
      if (own === 1 || own === size) continue;
      if (size !== 1) {
        throw new ShapeError(
          `${what}: shapes ${shapes.map(formatShape).join(" and ")} do not broadcast; expected equal sizes or 1 on ` +
            "each axis, aligned at the last",
          { shapes },
        );
      }
      size = own;
    }
    return size;
  });
}

/**
 * `axis` as a non-negative index; a negative axis counts from the end.
 * @throws ShapeError when the axis is out of range.
 */
export function normalizeAxis(what: string, axis: number, rank: number): number {
  const normalized = Number.isInteger(axis) && axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw new ShapeError(
      `${what}: axis ${shown(axis)} is outside a tensor of rank ${rank}; expected ${-rank}…${rank - 1}`,
      {
        axis,
        rank,
      },
    );
  }
  return normalized;
}

/** Sorted, distinct, non-negative axes; all of them when `axes` is undefined. */
export function normalizeAxes(what: string, axes: readonly number[] | number | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list: readonly number[] = Array.isArray(axes) ? Array.from(axes) : [axes];
  const normalized = list.map((axis) => normalizeAxis(what, axis, rank)).sort((a, b) => a - b);
  if (new Set(normalized).size !== normalized.length) {
    throw new ShapeError(`${what}: axes ${formatShape(list)} name one axis twice`, { axes: list });
  }
  return normalized;
}
