import { describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.ts";
import { sortIdsCall } from "../../src/kernels/data/sort_ids.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";

/** A stable sort by id, where ids outside 0 … bound - 1 come last. */
function reference(ids: Int32Array, bound: number): { sorted: Int32Array; order: Int32Array } {
  const key = (id: number) => (id >= 0 && id < bound ? id : bound);
  const order = Int32Array.from(ids.keys()).sort((a, b) => key(ids[a] as number) - key(ids[b] as number) || a - b);
  return { sorted: order.map((position) => ids[position] as number), order };
}

async function check(ids: Int32Array, bound: number): Promise<number> {
  const like = (role: "input" | "output", index: number) => operand(role, index, [ids.length], "int32");
  const call = sortIdsCall(like("input", 0), { sorted: like("output", 0), order: like("output", 1) }, { bound });
  const [sorted, order] = await runKernel(await testDevice(), call, [ids]);
  const wanted = reference(ids, bound);
  expect(sorted).toEqual(wanted.sorted);
  expect(order).toEqual(wanted.order);
  return call.plan(testTraits()).dispatches.length;
}

function uniform(size: number, bound: number, seed = 1): Int32Array {
  const random = new Random(seed);
  return Int32Array.from({ length: size }, () => random.integer(bound));
}

describe("sortIdsCall", () => {
  it.each([
    [1, 1],
    [7, 3],
    [65, 5000],
    [1023, 200],
    [1024, 256],
    [1025, 300],
    [5000, 70000],
  ])("sorts %i ids below %i stably", async (size, bound) => {
    await check(uniform(size, bound), bound);
  });

  it("scans the counts of more than 64 blocks in a dispatch of its own", async () => {
    expect(await check(uniform(65_536, 5000), 5000)).toBe(4);
    expect(await check(uniform(65_537, 5000), 5000)).toBe(6);
  });

  it("takes four dispatches for a vocabulary of 5000, and sorts a batch of mostly padding", async () => {
    const random = new Random(2);
    const ids = Int32Array.from({ length: 32000 }, () => (random.uniform() < 0.55 ? 0 : random.integer(5000)));
    expect(await check(ids, 5000)).toBe(4);
  });

  it("sorts ids that are all one, and four passes of digits", async () => {
    await check(new Int32Array(3000).fill(4), 5);
    await check(uniform(3000, 0x7ffffff0), 0x7ffffff0);
  });

  it("puts ids outside of the bound last", async () => {
    const ids = uniform(2500, 40);
    ids.set([-1, 999, -2147483648, 2147483647, 30], 100);
    await check(ids, 30);
  });
});
