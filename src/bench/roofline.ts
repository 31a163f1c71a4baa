/**
 * Measures the roofline of an adapter: its peak compute rate and memory bandwidth (Williams, Waterman and Patterson,
 * "Roofline", 2009).
 */

import { readSome } from "../core/option_table.ts";
import type { Device } from "../gpu/device.ts";
import { defineOp, type NoAttributes, type Out } from "../graph/op.ts";
import type { Value } from "../graph/operation.ts";
import { CHAIN, multiplyAddCall, multiplyAddInvocations, plainCopyCall } from "../kernels/bench/roofline.ts";
import { type BenchCase, WORK, type Work } from "./bench_case.ts";
import { checkSamples } from "./check_samples.ts";
import { graphCase } from "./graph_case.ts";
import { type MeasureOptions, measure } from "./harness.ts";
import { randomTable } from "./random_data.ts";

/** An adapter's measured limits. */
export interface Roofline {
  /** Additions and multiplications per second, in registers. */
  readonly flops: number;
  /** Bytes per second of a copy: bytes read plus bytes written. */
  readonly bytes: number;
}

/** Bytes of each of the two buffers of a copy: larger than most caches, within WebGPU's default binding size. */
const COPY_BYTES = 64 * 2 ** 20;
const VECTOR = 4;
/** Numbers of independent chains per invocation; the fastest gives the peak. */
const CHAINS = [4, 8, 16] as const;

interface Chains {
  readonly invocations: number;
  readonly chains: number;
}

const multiplyAddOp = defineOp<Readonly<Record<never, never>>, Chains, Out>({
  kind: "kernel",
  name: "multiplyAdd",
  infer: ({ attributes: { invocations } }) => ({ out: { shape: [invocations, VECTOR], dtype: "float32" } }),
  vjp: () => ({}),
  lower: ({ outputs: { out }, attributes }) => [multiplyAddCall(out, attributes)],
});

/** The expected element `index` of a `multiplyAddCall`'s output. */
function chainSum({ chains }: Chains, index: number): number {
  const { a, b, steps } = CHAIN;
  const power = a ** steps;
  let sum = 0;
  for (let c = 0; c < chains; c++) {
    sum += power * (Math.floor(index / VECTOR) + c) + (b * (1 - power)) / (1 - a);
  }
  return sum;
}

const copyOp = defineOp<{ readonly x: Value }, NoAttributes, Out>({
  kind: "kernel",
  name: "plainCopy",
  infer: ({ inputs: { x } }) => ({ out: { shape: x.shape, dtype: x.dtype } }),
  vjp: ({ cotangents: { out } }) => ({ x: out }),
  lower: ({ inputs: { x }, outputs: { out } }) => [plainCopyCall(x, out)],
});

function multiplyAddCase(attributes: Chains): BenchCase {
  const { invocations, chains } = attributes;
  return graphCase({
    name: `roofline multiply-add, ${chains} chains`,
    group: "roofline",
    isDefault: true,
    work: { flops: invocations * chains * VECTOR * CHAIN.steps * 2, bytes: invocations * VECTOR * 4 },
    build: () => ({
      graph: { outputs: [multiplyAddOp({}, attributes).out], updates: [] },
      variables: [],
      check: ([out]) =>
        checkSamples("multiply-add", out?.data ?? [], (index) => {
          const value = chainSum(attributes, index);
          return { value, tolerance: 1e-3 * Math.abs(value) };
        }),
    }),
  });
}

function copyCase(): BenchCase {
  return graphCase({
    name: "roofline copy",
    group: "roofline",
    isDefault: true,
    work: { flops: 0, bytes: 2 * COPY_BYTES },
    build: () => {
      const { variable, data } = randomTable("from", [COPY_BYTES / 4], 3);
      return {
        graph: { outputs: [copyOp({ x: variable.value }, {}).out], updates: [] },
        variables: [variable],
        check: ([out]) =>
          checkSamples("copy", out?.data ?? [], (index) => ({ value: data[index] as number, tolerance: 0 })),
      };
    },
  });
}

/** Measures the roofline of a device's adapter, after checking the results. */
export async function measureRoofline(device: Device, options: MeasureOptions): Promise<Roofline> {
  const invocations = multiplyAddInvocations(device.traits);
  const rate = async (benchCase: BenchCase, amount: number): Promise<number> => {
    const prepared = await benchCase.prepare(device);
    try {
      await prepared.check();
      // The lower end of the interval, because the roofline is the best that can be reached, not what is usual on a
      // busy machine.
      return amount / (await measure(prepared.subject, options)).low;
    } finally {
      prepared.dispose();
    }
  };
  let flops = 0;
  for (const chains of CHAINS) {
    const benchCase = multiplyAddCase({ invocations, chains });
    flops = Math.max(flops, await rate(benchCase, benchCase.work.flops));
  }
  const copy = copyCase();
  return { flops, bytes: await rate(copy, copy.work.bytes) };
}

/** The fewest seconds in which the adapter could do the work. */
export function roofSeconds(work: Work, roof: Roofline): number {
  const { flops, bytes } = readSome("roofSeconds: work", WORK, work);
  readSome("roofSeconds: roof", WORK, roof);
  return Math.max(flops / roof.flops, bytes / roof.bytes);
}
