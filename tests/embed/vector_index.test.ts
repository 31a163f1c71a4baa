import fc from "fast-check";
import { DisposedError, Random, requestDevice, ShapeError, ValueError } from "sluice";
import { type VectorId, VectorIndex } from "sluice/embed";
import { describe, expect, test } from "vitest";
import { drawVectors, expectSameSearch, PlainIndex } from "../conformance/vector_index.ts";
import { testDevice } from "../support/device.ts";

const device = await testDevice();

/** 200 vectors of 8 numbers under the ids 0 … 199. */
async function filled(options: Partial<ConstructorParameters<typeof VectorIndex>[1]> = {}) {
  const vectors = drawVectors(new Random(3), 200, 8);
  const index = new VectorIndex<{ even: boolean }>(device, { dimension: 8, ...options });
  await index.add(
    [...Array(200).keys()],
    vectors,
    [...Array(200).keys()].map((id) => ({ even: id % 2 === 0 })),
  );
  return { index, vectors };
}

describe("VectorIndex", () => {
  test("gives back what was added, with metadata", async () => {
    const { index, vectors } = await filled();
    expect([index.size, index.ids.length, index.has(7), index.has("7"), index.get(200)]).toEqual([
      200,
      200,
      true,
      false,
      undefined,
    ]);
    expect(index.get(7)).toEqual({ id: 7, vector: vectors.slice(56, 64), metadata: { even: false } });
    await index.update(7, new Float32Array(8).fill(2), { even: true });
    await index.update(8, new Float32Array(8).fill(3));
    expect([index.get(7)?.vector[0], index.get(7)?.metadata, index.get(8)?.metadata]).toEqual([
      2,
      { even: true },
      { even: true },
    ]);
    const [hits] = await index.search(index.get(9)?.vector as Float32Array, { k: 1 });
    expect(hits?.[0]).toMatchObject({ id: 9, metadata: { even: false } });
    expect(hits?.[0]?.score).toBeCloseTo(1, 12);
    index.dispose();
  });

  test("takes vectors in every form, and gives a list for each query", async () => {
    const index = new VectorIndex(device, { dimension: 2 });
    await index.add("a", [1, 0]);
    await index.add(["b", "c"], [[0, 1], Float32Array.of(1, 1)]);
    await index.add(["d"], { data: Float32Array.of(-1, 0), dims: [1, 2] });
    await index.add(["e"], { data: [0, -1], shape: [1, 2] });
    const found = await index.search([
      [1, 0.1],
      [0, -2],
    ]);
    expect(found.map((hits) => hits.map(({ id }) => id))).toEqual([
      ["a", "c", "b", "e", "d"],
      ["e", "a", "d", "c", "b"],
    ]);
    expect(await index.search([])).toEqual([]);
    index.dispose();
  });

  test("an empty index finds nothing; k beyond the index finds all; a filter may leave fewer", async () => {
    const empty = new VectorIndex(device, { dimension: 8 });
    expect(await empty.search(new Float32Array(8))).toEqual([[]]);
    empty.dispose();
    const { index, vectors } = await filled();
    const query = vectors.subarray(0, 8);
    expect((await index.search(query, { k: 1000 }))[0]).toHaveLength(200);
    expect((await index.search(query, { filter: (id) => id === 3 || id === 5 }))[0]).toHaveLength(2);
    expect((await index.search(query, { filter: () => false }))[0]).toEqual([]);
    const truthy = (_: VectorId, metadata?: { even: boolean }) => (metadata?.even ? "yes" : undefined) as never;
    expect((await index.search(query, { k: 200, filter: truthy }))[0]).toHaveLength(100);
    index.dispose();
  });

  test("a mask serves many searches, and is refused once the index has changed", async () => {
    const { index, vectors } = await filled();
    const mask = index.mask((_, metadata) => metadata?.even === true);
    expect(mask.count).toBe(100);
    const [hits] = await index.search(vectors.subarray(0, 8), { k: 30, filter: mask });
    expect(hits?.every(({ id }) => (id as number) % 2 === 0)).toBe(true);
    await index.remove(4);
    await expect(index.search(vectors.subarray(0, 8), { filter: mask })).rejects.toThrow(/the index has changed since/);
    // Of another index that has as many vectors and changes.
    const [own, other] = [new VectorIndex(device, { dimension: 1 }), new VectorIndex(device, { dimension: 1 })];
    await Promise.all([own.add("a", [1]), other.add("b", [1])]);
    await expect(own.search([1], { filter: other.mask(() => true) })).rejects.toThrow(/another index/);
    for (const each of [index, own, other]) each.dispose();
    expect(() => own.mask(() => true)).toThrow(DisposedError);
  });

  test("refuses bad input, and is then as it was", async () => {
    const { index, vectors } = await filled();
    const before = await index.toBytes();
    const eight = new Float32Array(8);
    const bad: [() => Promise<unknown>, typeof ValueError, RegExp][] = [
      [() => index.add([500, 7], new Float32Array(16)), ValueError, /id 7 exists already/],
      [() => index.add([500, 500], new Float32Array(16)), ValueError, /occurs twice/],
      [() => index.add([500, 501], [eight, new Float32Array(7)]), ShapeError, /vector 1 has 7 numbers; expected 8/],
      [() => index.add([500, 501], new Float32Array(15)), ShapeError, /15 numbers/],
      [() => index.add([500], new Float32Array(16)), ValueError, /1 ids and 2 vectors/],
      [() => index.add(500, [1, 2, 3, Number.NaN, 5, 6, 7, 8]), ValueError, /vector 0 has NaN at 3/],
      [() => index.add(500, [1, 2, 3, 4, 5, 6, 7, 1e39]), ValueError, /Infinity at 7/],
      [() => index.add(500, [1, 2, 3, 4, 5, 6, 7, 1e19]), ValueError, /scale the vectors down/],
      [() => index.add(Number.NaN, eight), ValueError, /NaN is not an id/],
      [() => index.add({} as never, eight), ValueError, /an object is not an id|expected/],
      [() => index.add(500, null as never), ValueError, /got null; expected vectors/],
      [() => index.add(500, "a film" as never), ValueError, /got "a film"; expected vectors/],
      [
        () => index.add(500, Promise.resolve(eight) as never),
        ValueError,
        /got a value of class Promise; expected vectors/,
      ],
      [
        () => index.add(500, [1, 2, 3, null, 5, 6, 7, 8] as never),
        ValueError,
        /vector 0 has null at 3; expected a num/,
      ],
      [() => index.add([500], [[1, 2, 3, "4", 5, 6, 7, 8]] as never), ValueError, /vector 0 has "4" at 3/],
      [() => index.add([500], [null] as never), ShapeError, /vector 0 is null; expected 8 numbers/],
      [() => index.add(500, new BigInt64Array(8) as never), ValueError, /vector 0 has 0n at 0; expected a number/],
      [() => index.add(500, { data: eight } as never), ShapeError, /expected \[\.\.\., 8\]/],
      [() => index.search(eight, 5 as never), ValueError, /as in VectorIndex.search\(queries, { k: 5 }\)/],
      [
        () => index.search(eight, { topK: 5 } as never),
        ValueError,
        /unknown option "topK"; expected some of k, filter/,
      ],
      [
        () => index.search(eight, { filter: { even: true } as never }),
        ValueError,
        /filter is an object; expected \(id/,
      ],
      [() => index.search(eight, { filter: (async () => true) as never }), ValueError, /must not be async/],
      [
        () => index.add([500, 501], new Float32Array(16), [{ even: true }]),
        ValueError,
        /metadata is a list of 1; expected a list of 2/,
      ],
      [() => index.add(500, { data: eight, dims: [2, 4] }), ShapeError, /expected \[\.\.\., 8\]/],
      [() => index.update([3, 500], new Float32Array(16)), ValueError, /the id 500 does not exist/],
      [() => index.update([3, 4], [eight, [1, 2, Number.POSITIVE_INFINITY, 4, 5, 6, 7, 8]]), ValueError, /Infinity/],
      [() => index.remove([3, "x"]), ValueError, /the id "x" does not exist/],
      [() => index.search(eight, { k: 0 }), ValueError, /k is 0/],
      [() => index.search(eight, { k: 1.5 }), ValueError, /k is 1.5/],
      [() => index.search(new Float32Array(9)), ShapeError, /9 numbers/],
      [() => index.search([1, 2, 3, 4, 5, 6, 7, Number.NaN]), ValueError, /NaN at 7/],
    ];
    for (const [call, kind, message] of bad) {
      const error = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error, String(message)).toBeInstanceOf(Error);
      expect((error as Error).message).toMatch(message);
      if (kind === ShapeError) expect(error).toBeInstanceOf(ShapeError);
      expect(await index.toBytes(), String(message)).toEqual(before);
    }
    const [hits] = await index.search(vectors.subarray(24, 32), { k: 1 });
    expect(hits?.[0]?.id).toBe(3);
    const wrong = [
      { dimension: 0 },
      { dimension: 8, dim: 8 },
      { dimension: 8, metric: "ip" },
      { dimension: 8, storage: "int4" },
      undefined,
    ];
    for (const options of [...wrong, { dimension: 8, maxBufferBytes: Number.NaN }]) {
      expect(() => new VectorIndex(device, options as never)).toThrow(ValueError);
    }
    expect(() => new VectorIndex({ device, dimension: 8 } as never, {} as never)).toThrow(
      /expected a device: await requestDevice/,
    );
    index.dispose();
  });

  test("calls that overlap are carried out in their order", async () => {
    const index = new VectorIndex(device, { dimension: 2 });
    const added = index.add(["a", "b"], [1, 0, 0, 1]);
    const first = index.search([1, 0], { k: 1 });
    const refused = index.add("a", [1, 1]);
    const removed = index.remove("a");
    const second = index.search([1, 0], { k: 1 });
    await expect(refused).rejects.toThrow(ValueError);
    await Promise.all([added, removed]);
    expect([(await first)[0]?.[0]?.id, (await second)[0]?.[0]?.id]).toEqual(["a", "b"]);
    index.dispose();
  });

  test("dispose frees the GPU's memory and ends what waits", async () => {
    const { buffers } = device.memory;
    const { index, vectors } = await filled();
    await index.search(vectors.subarray(0, 8));
    expect(device.memory.buffers).toBeGreaterThan(buffers);
    const waiting = index.search(vectors.subarray(0, 8));
    index.dispose();
    index.dispose();
    await expect(waiting).rejects.toThrow(DisposedError);
    await expect(index.add("x", new Float32Array(8))).rejects.toThrow(DisposedError);
    expect(device.memory.buffers).toBe(buffers);
  });

  test("disposed at any moment of a call, it leaves the device at work and no buffer", async () => {
    const { buffers } = device.memory;
    const ends = new Set<string>();
    const calls = [
      (index: VectorIndex, vectors: Float32Array) => index.search(vectors.subarray(0, 8)),
      (index: VectorIndex) => index.add("x", new Float32Array(8)),
    ];
    for (let moment = 0; moment < 60; moment += 3) {
      for (const call of calls) {
        const { index, vectors } = await filled();
        const end = call(index as VectorIndex, vectors).then(
          () => "done",
          (error: Error) => error.name,
        );
        // Microtasks, then moments in which the GPU works.
        for (let turn = 0; turn < Math.min(moment, 30); turn++) await undefined;
        for (let turn = 30; turn < moment; turn++) await new Promise((resolve) => setImmediate(resolve));
        index.dispose();
        ends.add(await end);
      }
      expect(device.memory.buffers).toBe(buffers);
    }
    expect(ends).toEqual(new Set(["DisposedError", "done"]));
    device.assertUsable();
  });

  test("a device without room leaves the index as it was", async () => {
    const { gpu } = device;
    const own = await requestDevice({ device: gpu });
    const index = new VectorIndex(own, { dimension: 8, maxBufferBytes: 64 * 256 });
    await index.add([...Array(64).keys()], drawVectors(new Random(5), 64, 8));
    const before = await index.toBytes();
    const { buffers } = own.memory;
    const createBuffer = own.createBuffer.bind(own);
    let left = 1;
    own.createBuffer = (...args) => {
      if (left-- === 0) throw new Error("out of memory");
      return createBuffer(...args);
    };
    await expect(
      index.add(
        [...Array(80).keys()].map((id) => `new ${id}`),
        new Float32Array(640),
      ),
    ).rejects.toThrow(/out of memory/);
    own.createBuffer = createBuffer;
    expect([await index.toBytes(), own.memory.buffers]).toEqual([before, buffers]);
    const [hits] = await index.search(index.get(11)?.vector as Float32Array, { k: 1 });
    expect(hits?.[0]?.id).toBe(11);
    index.dispose();
    own.dispose();
  });

  test("random sequences of changes and searches agree with a plain loop", async () => {
    const id: fc.Arbitrary<VectorId> = fc.oneof(fc.nat({ max: 90 }), fc.nat({ max: 60 }).map(String));
    const numbers = fc.integer({ min: 0, max: 1000 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), ids: fc.uniqueArray(id, { maxLength: 90 }), seed: numbers }),
      fc.record({ kind: fc.constant("update" as const), ids: fc.uniqueArray(id, { maxLength: 5 }), seed: numbers }),
      fc.record({ kind: fc.constant("remove" as const), ids: fc.uniqueArray(id, { maxLength: 20 }) }),
      fc.record({
        kind: fc.constant("search" as const),
        count: fc.integer({ min: 1, max: 3 }),
        k: fc.constantFrom(1, 5),
        seed: numbers,
      }),
    );
    const options = fc.record({
      metric: fc.constantFrom("cosine", "dot", "l2"),
      storage: fc.constantFrom("float32", "int8"),
    });
    // Numbers from a small set, so that many vectors tie.
    const draw = (seed: number, count: number) => {
      const random = new Random(seed);
      return Float32Array.from({ length: count * 3 }, () => random.integer(5) - 2);
    };
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { minLength: 4, maxLength: 12 }), async ({ metric, storage }, steps) => {
        const plain = new PlainIndex(metric as "cosine");
        using index = new VectorIndex(device, {
          ...{ dimension: 3, metric: metric as "cosine", storage: storage as "int8" },
          maxBufferBytes: 64 * 256,
        });
        for (const one of steps) {
          if (one.kind === "search") {
            await expectSameSearch(index, plain, draw(one.seed, one.count), one.k);
            continue;
          }
          const isNew = one.kind === "add";
          const ids = one.ids.filter((name) => plain.vectors.has(name) !== isNew);
          if (one.kind === "remove") {
            await index.remove(ids);
            for (const name of ids) plain.vectors.delete(name);
          } else {
            const vectors = draw(one.seed, ids.length);
            await index[one.kind](ids, vectors);
            for (const [at, name] of ids.entries()) plain.vectors.set(name, vectors.slice(at * 3, at * 3 + 3));
          }
          expect(index.size).toBe(plain.vectors.size);
        }
        await expectSameSearch(index, plain, draw(1, 2), 5);
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});

test("an index has room for 16 million ids, and says so", async () => {
  using index = new VectorIndex(device, { dimension: 1 });
  await index.add([1], [[1]]);
  const ids = Array(16_000_001).fill(1);
  await expect(index.add(ids, [[1]])).rejects.toThrow("VectorIndex.add: 16000001 ids; expected at most 16000000");
  expect(index.size).toBe(1);
});
