/** Comparing numbers: a failure names the worst element, what came and what was wanted. */

/** An element passes when |came − wanted| ≤ absolute + relative · |wanted|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** Shape and elements, of either precision. */
export interface Tensorish {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/**
 * Compares two tensors.
 * @returns the largest error as a share of what is allowed: at most 1.
 * @throws Error naming the worst element.
 */
export function expectClose(what: string, came: Tensorish, wanted: Tensorish, tolerance: Tolerance): number {
  if (came.shape.join() !== wanted.shape.join() || came.data.length !== wanted.data.length) {
    throw new Error(`${what}: the shape is [${came.shape.join(", ")}]; expected [${wanted.shape.join(", ")}]`);
  }
  let worst = { index: -1, share: 0 };
  for (let index = 0; index < wanted.data.length; index++) {
    const [x, y] = [came.data[index] as number, wanted.data[index] as number];
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const allowed = tolerance.absolute + tolerance.relative * Math.abs(y);
    const share = Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) / allowed : Number.POSITIVE_INFINITY;
    if (!(share <= worst.share)) worst = { index, share };
  }
  if (worst.share > 1 || Number.isNaN(worst.share)) {
    throw new Error(
      `${what}: element ${worst.index} of [${wanted.shape.join(", ")}] is ${came.data[worst.index]}; expected ` +
        `${wanted.data[worst.index]} within ${tolerance.absolute} + ${tolerance.relative}·|x| ` +
        `(${worst.share.toPrecision(3)} times what is allowed)`,
    );
  }
  return worst.share;
}

/** @throws Error unless two numbers agree. */
export function expectNear(what: string, came: number, wanted: number, tolerance: Tolerance): number {
  return expectClose(what, { shape: [], data: [came] }, { shape: [], data: [wanted] }, tolerance);
}

/** @throws Error unless both hold the same elements, bit for bit (NaN equals NaN). */
export function expectSame(what: string, came: Tensorish, wanted: Tensorish): void {
  expectClose(what, came, wanted, { absolute: 0, relative: 0 });
}
