/**
 * Seeded, counter-based random numbers: Threefry-2x32, 20 rounds (Salmon et al. 2011, "Parallel Random Numbers: As Easy
 * as 1, 2, 3"). A number depends on key and counter only. So the GPU (shaders/data/random.wgsl) and the CPU agree bit
 * for bit, and a resumed run needs only its counter.
 */

import { ValueError } from "./errors.ts";
import { id, integer, readValue } from "./option_table.ts";
import { shown } from "./options.ts";

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

/** Encrypts the counter `(c0, c1)` with the key `(k0, k1)`: two uniform 32-bit words. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const keys = [k0 >>> 0, k1 >>> 0, (k0 ^ k1 ^ PARITY) >>> 0];
  let x0 = (c0 + (keys[0] as number)) >>> 0;
  let x1 = (c1 + (keys[1] as number)) >>> 0;
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const rotation = ROTATIONS[(group % 2) * 4 + round] as number;
      x0 = (x0 + x1) >>> 0;
      x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) >>> 0;
      x1 = (x1 ^ x0) >>> 0;
    }
    x0 = (x0 + (keys[(group + 1) % 3] as number)) >>> 0;
    x1 = (x1 + (keys[(group + 2) % 3] as number) + group + 1) >>> 0;
  }
  return [x0, x1];
}

/** Converts a word to a uniform float32 in [0, 1): its upper 24 bits. */
export function wordToUniform(word: number): number {
  return (word >>> 8) / 0x1000000;
}

/** A stream of random numbers; one seed and stream number always give the same stream. */
export class Random {
  readonly #seed: number;
  readonly #stream: number;
  #counter = 0;

  constructor(seed: number, stream = 0) {
    this.#seed = readValue("new Random", "seed", integer, seed) >>> 0;
    this.#stream = readValue("new Random", "stream", integer, stream) >>> 0;
  }

  /** The next uniform 32-bit word. */
  next(): number {
    const index = this.#counter++;
    const words = threefry2x32(this.#seed, this.#stream, index >>> 1, 0);
    return words[index & 1] as number;
  }

  /** A uniform float32 in [0, 1). */
  uniform(): number {
    return wordToUniform(this.next());
  }

  /** A standard normal number (Box–Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A whole number in [0, bound), without bias. */
  integer(bound: number): number {
    if (!(Number.isInteger(bound) && bound > 0 && bound <= 0x100000000))
      throw new ValueError(`Random.integer: bound is ${shown(bound)}; expected a whole number from 1 to 2³²`);
    const limit = 0x100000000 - (0x100000000 % bound);
    for (;;) {
      const word = this.next();
      if (word < limit) return word % bound;
    }
  }

  /** The numbers 0…size-1 in random order (Fisher–Yates). */
  permutation(size: number): Int32Array {
    readValue("Random.permutation", "size", id, size);
    const order = Int32Array.from({ length: size }, (_, index) => index);
    for (let last = size - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const swap = order[last] as number;
      order[last] = order[other] as number;
      order[other] = swap;
    }
    return order;
  }
}
