/** Each pass keeps a graph's meaning in the reference, on the GPU, and does what it is for. */
import { beforeAll, describe, expect, test } from "vitest";
import type { ReferenceArray } from "../../src/graph/op.ts";
import { operationsOf, rootsOf } from "../../src/graph/operation.ts";
import {
  type Device,
  type Graph,
  gradients,
  inputValue,
  interpret,
  type NdArray,
  ops,
  Program,
  printGraph,
  scalar,
  type Value,
  Variable,
} from "../../src/index.ts";
import { optimizerUpdate, sgdUpdate } from "../../src/ops/optimizers/update.ts";
import { RATE_COUNT } from "../../src/ops/optimizers/update_op.ts";
import { mergeCommonSubexpressions } from "../../src/transform/common_subexpressions.ts";
import { foldConstants } from "../../src/transform/fold_constants.ts";
import { fuseElementwise } from "../../src/transform/fuse_elementwise.ts";
import { gatherIntoSweep } from "../../src/transform/gather_into_sweep.ts";
import { groupUpdates } from "../../src/transform/group_updates.ts";
import { joinSiblings } from "../../src/transform/join_siblings.ts";
import { fuseMatmulEpilogues } from "../../src/transform/matmul_epilogue.ts";
import { optimize } from "../../src/transform/optimize.ts";
import { prefixViews } from "../../src/transform/prefix_views.ts";
import { projectThenGather } from "../../src/transform/project_then_gather.ts";
import { sharePadding } from "../../src/transform/share_padding.ts";
import { drawInputs, flags, ids, normal, paddedIds, type TensorSpec } from "../conformance/ops/op_case.ts";
import { testDevice } from "../support/device.ts";
import { expectClose } from "../support/tolerance.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

interface Sample {
  readonly graph: Graph;
  readonly feeds: ReadonlyMap<Value, NdArray>;
}

function sample(specs: readonly TensorSpec[], build: (...values: Value[]) => readonly Value[]): Sample {
  const values = specs.map(({ shape, dtype }, index) => inputValue(`x${index}`, shape, dtype));
  const arrays = drawInputs(specs, 11);
  return {
    graph: { outputs: build(...values), updates: [] },
    feeds: new Map(values.map((value, index) => [value, arrays[index] as NdArray])),
  };
}

/** The names of a graph's operations, leaves left out. */
const namesIn = (graph: Graph) =>
  operationsOf(rootsOf(graph))
    .filter(({ definition }) => definition.kind !== "leaf")
    .map(({ definition }) => definition.name);

/** Both graphs in float64: equal but for rounding. Then the graph through all passes on the GPU. */
async function expectSameMeaning({ graph, feeds }: Sample, changed: Graph): Promise<void> {
  const wanted = interpret(graph, { inputs: feeds });
  interpret(changed, { inputs: feeds }).forEach((array, index) => {
    expectClose(`output ${index}`, array, wanted[index] as ReferenceArray, { absolute: 1e-12, relative: 1e-12 });
  });
  const program = await Program.compile(device, graph, { label: "passes", inputs: [...feeds.keys()] });
  const came = await program.run(feeds);
  program.dispose();
  came.forEach((array, index) => {
    expectClose(`output ${index} on the GPU`, array, wanted[index] as ReferenceArray, {
      absolute: 2e-5,
      relative: 1e-4,
    });
  });
}

describe("siblings", () => {
  const joined = (graph: Graph, buffers: number) => joinSiblings(fuseElementwise(graph, 7), buffers);
  /** How many outputs each operation of a name has. */
  const outputsOf = (graph: Graph, name: string) =>
    operationsOf(rootsOf(graph)).flatMap(({ definition, results }) =>
      definition.name === name ? [results.length] : [],
    );

  test("elementwise operations of one shape, and the sums over them, are one kernel each", async () => {
    const s = sample([normal([6, 1]), normal([6, 1])], (x, y) => {
      const loss = ops.sub(ops.softplus(x), ops.mul(x, y));
      const isRight = ops.cast(ops.equal(ops.greater(x, 0), ops.greater(y, 0)), "float32");
      const gradient = ops.sub(ops.sigmoid(x), y);
      return [
        ops.mean(loss),
        ops.sum(isRight),
        ops.matmul(x, gradient, { transposeA: true }),
        ops.sum(gradient, { axes: 0 }),
      ];
    });
    const together = joined(s.graph, 8);
    expect(outputsOf(together, "fused")).toEqual([3, 1]);
    expect(outputsOf(together, "reduce_sum")).toEqual([3]);
    await expectSameMeaning(s, together);
    // A sum takes two buffers; three elementwise results of two inputs take five.
    expect(outputsOf(joined(s.graph, 4), "reduce_sum")).toEqual([2, 1]);
    expect(outputsOf(joined(s.graph, 4), "fused")).toEqual([2, 1, 1]);
    await expectSameMeaning(s, joined(s.graph, 4));
  });

  test("what needs the other, is of another shape, or is large stays apart", async () => {
    const chain = sample([normal([5]), normal([3])], (x, other) => {
      const first = ops.exp(x);
      return [first, ops.mul(ops.sum(first), x), ops.tanh(other)];
    });
    expect(outputsOf(joined(chain.graph, 8), "fused")).toEqual([1, 1, 1]);
    await expectSameMeaning(chain, joined(chain.graph, 8));
    const large = sample([normal([5000])], (x) => [ops.exp(x), ops.tanh(x)]);
    expect(outputsOf(joined(large.graph, 8), "fused")).toEqual([1, 1]);
  });

  test("literals that print alike are kept apart", async () => {
    const s = sample([normal([4])], (x) => [ops.div(ops.abs(x), 0), ops.div(ops.abs(x), scalar(-0))]);
    expect(interpret(joined(s.graph, 8), { inputs: s.feeds }).map(({ data }) => data[0])).toEqual([
      Infinity,
      -Infinity,
    ]);
  });
});

describe("common subexpressions", () => {
  test("are computed once", async () => {
    const s = sample([normal([5])], (x) => [ops.add(ops.exp(ops.mul(x, 2)), ops.exp(ops.mul(x, 2)))]);
    expect(namesIn(s.graph)).toHaveLength(5);
    const merged = mergeCommonSubexpressions(s.graph);
    expect(namesIn(merged)).toEqual(["mul", "exp", "add"]);
    await expectSameMeaning(s, merged);
  });

  test("other attributes, other inputs, other outputs and −0 are not the same", async () => {
    const s = sample([normal([3, 4])], (x) => [
      ops.sum(x, { axes: 0 }),
      ops.sum(x, { axes: 1 }),
      ops.div(1, ops.mul(ops.abs(x), 0)),
      ops.div(1, ops.mul(ops.abs(x), -0)),
    ]);
    const merged = mergeCommonSubexpressions(s.graph);
    expect(namesIn(merged).filter((name) => name === "reduce_sum")).toHaveLength(2);
    const [, , up, down] = interpret(merged, { inputs: s.feeds });
    expect(up?.data[0]).toBe(Number.POSITIVE_INFINITY);
    expect(down?.data[0]).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("elementwise fusion", () => {
  test("makes one kernel of a chain", async () => {
    const s = sample([normal([5, 7]), normal([7])], (x, b) => [ops.tanh(ops.mul(ops.sigmoid(ops.add(x, b)), 3))]);
    const fused = fuseElementwise(s.graph, 7);
    expect(namesIn(fused)).toEqual(["fused"]);
    await expectSameMeaning(s, fused);
  });

  test("computes what several kernels read only once", async () => {
    const s = sample([normal([5, 7])], (x) => {
      const shared = ops.exp(x);
      return [ops.sum(shared), ops.mul(shared, 2), shared];
    });
    const fused = fuseElementwise(s.graph, 7);
    expect(namesIn(fused).filter((name) => name === "fused")).toHaveLength(2);
    await expectSameMeaning(s, fused);
  });

  test("repeats a small value of one input in each of its readers' kernels, and no other", async () => {
    const s = sample([normal([5]), normal([5]), normal([5])], (x, y, z) => {
      const shared = ops.exp(x);
      return [ops.sum(ops.mul(shared, y)), ops.sum(ops.mul(shared, z))];
    });
    const kernels = (graph: Graph) => namesIn(graph).filter((name) => name === "fused").length;
    const fused = fuseElementwise(s.graph, 7);
    expect(kernels(fused)).toBe(2);
    await expectSameMeaning(s, fused);

    const wide = sample([normal([5]), normal([5]), normal([5])], (x, y, z) => {
      const shared = ops.add(x, y);
      return [ops.sum(ops.mul(shared, z)), ops.sum(ops.exp(shared))];
    });
    expect(kernels(fuseElementwise(wide.graph, 7))).toBe(3);
    await expectSameMeaning(wide, fuseElementwise(wide.graph, 7));

    const large = sample([normal([5000])], (x) => {
      const shared = ops.exp(x);
      return [ops.sum(ops.mul(shared, 2)), ops.sum(ops.sigmoid(shared))];
    });
    expect(kernels(fuseElementwise(large.graph, 7))).toBe(3);
  });

  test("a repeated value still has a kernel for a reader that cannot take it in", async () => {
    const s = sample([normal([5]), normal([5]), normal([5]), normal([5])], (x, y, z, w) => {
      const shared = ops.exp(ops.tanh(x));
      const product = ops.mul(shared, y);
      return [ops.sum(ops.add(ops.add(product, z), ops.mul(ops.tanh(w), shared))), ops.sum(ops.mul(shared, w))];
    });
    for (const limit of [2, 3, 4, 7]) {
      const fused = fuseElementwise(s.graph, limit);
      for (const { definition, operands } of operationsOf(rootsOf(fused))) {
        if (definition.name === "fused") expect(operands.length).toBeLessThanOrEqual(limit);
      }
      await expectSameMeaning(s, fused);
    }
  });

  test("stays within a kernel's storage buffers", async () => {
    const s = sample(
      Array.from({ length: 9 }, () => normal([4])),
      (...all) => [all.reduce((a, b) => ops.add(a, b))],
    );
    const fused = fuseElementwise(s.graph, 3);
    for (const { definition, operands } of operationsOf(rootsOf(fused))) {
      if (definition.name === "fused") expect(operands.length).toBeLessThanOrEqual(3);
    }
    await expectSameMeaning(s, fused);
  });

  test("a broadcast in the middle of a chain is a kernel of its own", async () => {
    const s = sample([normal([4, 1]), normal([4, 6])], (x, y) => [ops.add(ops.exp(x), y)]);
    await expectSameMeaning(s, fuseElementwise(s.graph, 7));
  });
});

describe("folding constants", () => {
  test("makes literals of what is one number throughout", async () => {
    const s = sample([normal([1, 6])], (x) => {
      const share = ops.broadcastTo(ops.reshape(ops.div(scalar(1), ops.add(scalar(4), 4)), [1, 1]), [1, 6]);
      return [ops.mul(x, share)];
    });
    const folded = foldConstants(s.graph);
    expect(namesIn(folded)).toEqual(["mul"]);
    await expectSameMeaning(s, fuseElementwise(folded, 7));
  });

  test("keeps a fill where something else reads it, or the shape comes from it", async () => {
    const s = sample([normal([6]), normal([6, 2])], (x, y) => {
      const ones = ops.broadcastTo(ops.exp(scalar(0)), [3, 6]);
      return [ops.mul(x, ones), ops.matmul(ones, y), ops.reshape(ones, [2, 9])];
    });
    const folded = foldConstants(s.graph);
    expect(namesIn(folded)).toEqual(["broadcastTo", "mul", "matmul", "broadcastTo"]);
    await expectSameMeaning(s, folded);
  });
});

describe("matmul epilogues", () => {
  test("take bias and activation", async () => {
    const s = sample([normal([3, 5, 4]), normal([4, 6]), normal([6])], (x, w, b) => [
      ops.tanh(ops.add(ops.matmul(x, w), b)),
    ]);
    const fused = fuseMatmulEpilogues(s.graph);
    expect(namesIn(fused).filter((name) => name !== "reshape")).toEqual(["matmul"]);
    await expectSameMeaning(s, fused);
  });

  test("leave a product alone that something else reads", async () => {
    const s = sample([normal([5, 4]), normal([4, 6]), normal([6])], (x, w, b) => {
      const product = ops.matmul(x, w);
      return [ops.add(product, b), product];
    });
    const fused = fuseMatmulEpilogues(s.graph);
    expect(namesIn(fused)).toEqual(["matmul", "add"]);
    await expectSameMeaning(s, fused);
  });

  test("never take a bias after the activation", async () => {
    const s = sample([normal([5, 4]), normal([4, 6]), normal([6])], (x, w, b) => [
      ops.add(ops.relu(ops.matmul(x, w)), b),
    ]);
    const fused = fuseMatmulEpilogues(s.graph);
    expect(namesIn(fused)).toContain("add");
    await expectSameMeaning(s, fused);
  });
});

describe("projecting then gathering", () => {
  const shapes = (rows: number) => [normal([rows, 3]), ids([4, 6], rows), normal([3, 8]), normal([8])];
  const build = (table: Value, list: Value, w: Value, b: Value) => [
    ops.reverse(ops.add(ops.matmul(ops.gather(table, list), w), b), 1),
  ];

  test("projects a table that is smaller than what is gathered", async () => {
    const s = sample(shapes(7), build);
    const moved = projectThenGather(s.graph);
    expect(namesIn(moved).at(-1)).toBe("gather");
    const product = operationsOf(moved.outputs).find(({ definition }) => definition.name === "matmul");
    expect(product?.results[0]?.shape).toEqual([7, 8]);
    await expectSameMeaning(s, moved);
  });

  test("leaves a larger table alone", async () => {
    const s = sample(shapes(50), build);
    const moved = projectThenGather(s.graph);
    expect(namesIn(moved).at(-1)).toBe("reverse");
    await expectSameMeaning(s, moved);
  });

  test("a sweep reads gathered rows from their table", async () => {
    const s = sample([normal([7, 8]), ids([4, 6], 7), normal([2, 8])], (table, list, recurrent) => [
      ops.lstmSweep(ops.gather(table, list), recurrent).last,
    ]);
    const swept = gatherIntoSweep(s.graph);
    expect(namesIn(swept)).toEqual(["lstmSweep"]);
    await expectSameMeaning(s, swept);
  });
});

describe("graphs", () => {
  test("what no output needs is gone", () => {
    const x = inputValue("x", [3]);
    const unused = ops.exp(x);
    const { outputs } = optimize({ outputs: [ops.add(x, 1)], updates: [] }, { maxStorageBuffers: 8 });
    expect(operationsOf(outputs).some((operation) => operation === unused.operation)).toBe(false);
  });

  test("an output that is an input, a variable or a constant", async () => {
    const x = inputValue("x", [2]);
    const w = new Variable({ name: "w", shape: [2], initial: () => ({ shape: [2], data: Float32Array.of(3, 4) }) });
    const graph: Graph = { outputs: [x, w.value, scalar(5), x], updates: [] };
    const program = await Program.compile(device, graph, { label: "leaves", inputs: [x] });
    const results = await program.run(new Map([[x, { shape: [2], data: Float32Array.of(1, 2) }]]));
    expect(results.map(({ data }) => Array.from(data))).toEqual([[1, 2], [3, 4], [5], [1, 2]]);
    program.dispose();
  });

  test("print as text", () => {
    const x = inputValue("x", [2, 3]);
    const w = new Variable({ name: "w", shape: [] });
    const next = ops.add(w.value, ops.sum(ops.mul(x, 2)));
    const text = printGraph({ outputs: [next], updates: [{ variable: w, value: next }] });
    expect(text.split("\n").at(0)).toMatch(/= (input|variable) "(x|w)" : float32/);
    expect(text).toMatch(/^%\d+ = input "x" : float32\[2, 3\]$/m);
    expect(text).toMatch(/^%\d+ = mul\(%\d+, 2\) : float32\[2, 3\]$/m);
    expect(text).toMatch(/^%\d+ = reduce_sum\(values: \[%\d+\], outer=1, size=6, inner=1\) : float32\[1, 1\]$/m);
    expect(text).toMatch(/^update "w" <- %\d+$/m);
    expect(text).toMatch(/^return %\d+$/m);
  });
});

describe("sharePadding", () => {
  // Units whose gates are and are not a multiple of four columns.
  test.each([
    ["lstm", 3, 12, [], (x, recurrent) => ops.lstmSweep(x, recurrent)],
    ["gru", 4, 12, [], (x, recurrent) => ops.gruSweep(x, recurrent)],
    ["gru", 5, 15, [normal([15])], (x, recurrent, bias) => ops.gruSweep(x, recurrent, { bias: bias as Value })],
    [
      "peepholeLstm",
      3,
      12,
      [normal([3, 3])],
      (x, recurrent, peepholes) => ops.peepholeLstmSweep(x, recurrent, peepholes as Value),
    ],
  ] as [string, number, number, TensorSpec[], (x: Value, recurrent: Value, weights?: Value) => { last: Value }][])(
    "reads the padding of all rows once, gradients included: %s with %i units",
    async (name, units, columns, weights, sweep) => {
      const specs = [normal([6, columns]), paddedIds([18, 7], 6), normal([units, columns]), ...weights];
      const graphs = [true, false].map((shares) =>
        sample(specs, (x, rows, recurrent, ...rest) => {
          const input = ops.gather(x, rows);
          // Both directions: the one from the end has its padding last, and shares nothing.
          const lasts = [input, ops.reverse(input, 1)].map((each) => sweep(each, recurrent, ...rest).last);
          const loss = ops.sum(ops.mul(lasts[0] as Value, lasts[1] as Value));
          const shared = shares ? (sharePadding({ outputs: [loss], updates: [] }).outputs[0] as Value) : loss;
          return [shared, ...gradients(shared, [x, recurrent, ...rest])];
        }),
      ) as [Sample, Sample];
      const [shared, plain] = graphs;
      expect(namesIn(shared.graph).filter((each) => each === `${name}PaddedSweep`)).toHaveLength(1);
      expect(namesIn(shared.graph).filter((each) => each === `${name}Sweep`)).toHaveLength(1);
      const wanted = interpret(plain.graph, { inputs: plain.feeds });
      const came = interpret(shared.graph, { inputs: shared.feeds });
      expect(came.length).toBe(3 + weights.length);
      came.forEach((array, index) => {
        expectClose(`output ${index}`, array, wanted[index] as ReferenceArray, { absolute: 1e-12, relative: 1e-11 });
      });
      await expectSameMeaning(shared, shared.graph);
    },
  );

  test("leaves a sweep alone whose hidden states, mask or first states matter", () => {
    const specs = [normal([6, 12]), paddedIds([4, 7], 6), normal([3, 12]), flags([4, 7]), normal([2, 4, 3])];
    const { graph } = sample([...specs, normal([4, 12])], (x, rows, recurrent, mask, initial, ofGru) => {
      const input = ops.gather(x, rows);
      return [
        ops.lstmSweep(input, recurrent).hidden,
        ops.lstmSweep(input, recurrent, { mask }).last,
        ops.lstmSweep(input, recurrent, { initial }).last,
        ops.lstmSweep(ops.mul(input, 2), recurrent).last,
        ops.gruSweep(input, ofGru, { mask }).last,
      ];
    });
    const names = namesIn(sharePadding(graph));
    expect(names.filter((name) => name === "lstmSweep")).toHaveLength(4);
    expect(names.filter((name) => name.includes("Padded"))).toEqual([]);
  });
});

describe("grouping updates", () => {
  const step = (name: string, gradient?: Value) => {
    const weight = new Variable({ name, shape: [3], initial: () => ({ shape: [3], data: Float32Array.of(1, 2, 3) }) });
    const given = gradient ?? ops.mul(weight.value, 2);
    const step = { gradient: given, rates, status };
    const { w } = optimizerUpdate(sgdUpdate, { w: weight.value }, step, { momentum: 0, nesterov: false });
    return { variable: weight, value: w };
  };
  const rates = inputValue("rates", [RATE_COUNT]);
  const status = inputValue("status", [1], "int32");
  const updatesIn = (graph: Graph) => namesIn(graph).filter((name) => name === "sgdUpdate").length;

  test("makes one operation of those that nothing else reads, with the same results", () => {
    const graph: Graph = { outputs: [], updates: ["a", "b", "c"].map((name) => step(name)) };
    const grouped = groupUpdates(graph);
    expect(updatesIn(grouped)).toBe(1);
    expect(grouped.updates.map(({ variable }) => variable)).toEqual(graph.updates.map(({ variable }) => variable));
    const inputs = new Map<Value, NdArray>([
      [rates, { shape: [RATE_COUNT], data: Float32Array.of(0.5, 0, 0, 0, 0, 0) }],
      [status, { shape: [1], data: Int32Array.of(0) }],
    ]);
    const values = (updated: Graph) =>
      interpret({ outputs: updated.updates.map(({ value }) => value), updates: [] }, { inputs });
    expect(values(grouped)).toEqual(values(graph));
  });

  test("leaves alone what is read again, and a gradient that is a variable", () => {
    const read = step("read");
    const other = new Variable({ name: "other", shape: [3] });
    const updates = [read, step("a"), step("b"), step("of a variable", other.value)];
    expect(updatesIn(groupUpdates({ outputs: [ops.exp(read.value)], updates }))).toBe(3);
  });
});

describe("prefix views", () => {
  test("read the beginning of a tensor where it lies", async () => {
    const s = sample([normal([4, 3, 2])], (x) => {
      const y = ops.softmax(x);
      return [
        ops.exp(ops.slice(y, [0, 0, 0], [2, 3, 2])),
        ops.slice(y, [0, 0, 0], [1, 2, 2]),
        ops.slice(ops.slice(y, [0, 0, 0], [3, 3, 2]), [0, 0, 0], [1, 1, 1]),
        ops.slice(x, [0, 0, 0], [3, 3, 2]),
      ];
    });
    const views = prefixViews(s.graph);
    expect(namesIn(views).filter((name) => name === "slice")).toEqual([]);
    expect(namesIn(views).filter((name) => name === "prefix")).toHaveLength(5);
    await expectSameMeaning(s, views);
  });

  test("leave other slices to copies", async () => {
    const s = sample([normal([4, 3, 2])], (x) => [
      ops.slice(x, [1, 0, 0], [2, 3, 2]),
      ops.slice(x, [0, 0, 0], [2, 2, 2]),
      ops.slice(x, [0, 0, 0], [1, 3, 1]),
    ]);
    expect(namesIn(prefixViews(s.graph))).toEqual(["slice", "slice", "slice"]);
    await expectSameMeaning(s, prefixViews(s.graph));
  });

  test("of a weight that the same step overwrites keep its old numbers", async () => {
    const weight = new Variable({
      name: "w",
      shape: [4, 2],
      initial: () => ({ shape: [4, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
    });
    const rates = inputValue("rates", [RATE_COUNT]);
    const status = inputValue("status", [1], "int32");
    const gradient = ops.mul(weight.value, 2);
    const step = { gradient, rates, status };
    const { w } = optimizerUpdate(sgdUpdate, { w: weight.value }, step, { momentum: 0, nesterov: false });
    const graph: Graph = {
      outputs: [ops.slice(weight.value, [0, 0], [2, 2])],
      updates: [{ variable: weight, value: w }],
    };
    const program = await Program.compile(device, graph, { label: "prefix of a weight", inputs: [rates, status] });
    const feeds = new Map<Value, NdArray>([
      [rates, { shape: [RATE_COUNT], data: Float32Array.of(0.25, 0, 0, 0, 0, 0) }],
      [status, { shape: [1], data: Int32Array.of(0) }],
    ]);
    expect((await program.run(feeds))[0]?.data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect((await program.run(feeds))[0]?.data).toEqual(Float32Array.of(0.5, 1, 1.5, 2));
    program.dispose();
  });
});
