/** Vector search through VectorIndex, and for comparison the time to read the same bytes. */
import { ValueError } from "../../core/errors.ts";
import { VectorIndex, type VectorStorage } from "../../embed/index.ts";
import type { Device } from "../../gpu/device.ts";
import { defineOp, type NoAttributes, type Out } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { PLAIN_READ_SIZE, plainReadCall } from "../../kernels/bench/roofline.ts";
import type { BenchCase, Prepared, SearchSizes } from "../bench_case.ts";
import { CheckError, checkSamples } from "../check_samples.ts";
import { graphCase } from "../graph_case.ts";
import { searchTask } from "../search_task.ts";
import { hostSubject } from "../timed_subjects.ts";

const FLOAT_BYTES = 4;
const SIZES = { rows: 100_000, dimension: 384, k: 10 } as const;
const TABLE_BYTES = SIZES.rows * SIZES.dimension * FLOAT_BYTES;

const readOp = defineOp<{ readonly x: Value }, NoAttributes, Out>({
  kind: "kernel",
  name: "plainRead",
  infer: () => ({ out: { shape: [PLAIN_READ_SIZE], dtype: "float32" } }),
  vjp: () => ({}),
  lower: ({ inputs: { x }, outputs: { out } }) => [plainReadCall(x, out)],
});

export const searchCases: readonly BenchCase[] = [
  graphCase({
    name: `vector read ${SIZES.rows}x${SIZES.dimension} as vec4`,
    group: "vector search",
    isDefault: true,
    work: { flops: 0, bytes: TABLE_BYTES },
    build: () => {
      const { parts } = searchTask({ ...SIZES, queries: 1 });
      return {
        graph: { outputs: parts.map(({ variable }) => readOp({ x: variable.value }, {}).out), updates: [] },
        variables: parts.map(({ variable }) => variable),
        check: (sums) => {
          for (const [part, { data }] of sums.entries()) {
            checkSamples("read", data, (index) => {
              let value = 0;
              const numbers = parts[part]?.data ?? new Float32Array();
              for (let at = index; at < numbers.length; at += PLAIN_READ_SIZE) value += numbers[at] as number;
              return { value, tolerance: 1e-3 };
            });
          }
        },
      };
    },
  }),
  searchCase({ ...SIZES, queries: 1 }, "float32"),
  searchCase({ ...SIZES, queries: 64 }, "float32"),
  searchCase({ ...SIZES, queries: 1 }, "int8"),
  searchCase({ ...SIZES, queries: 64 }, "int8"),
];

function searchCase(sizes: SearchSizes, storage: VectorStorage): BenchCase {
  const { rows, dimension, queries, k } = sizes;
  return {
    name: `vector search ${rows}x${dimension} ${storage}, ${queries} ${queries === 1 ? "query" : "queries"}, k ${k}`,
    group: "vector search",
    isDefault: true,
    work: {
      flops: 2 * rows * dimension * queries,
      bytes: storage === "int8" ? TABLE_BYTES / FLOAT_BYTES : TABLE_BYTES,
    },
    ...(storage === "float32" && { task: { kind: "vector search" as const, ...sizes } }),
    prepare: (device, variant) => {
      if (variant !== undefined) throw new ValueError(`vector search: no variant ${variant}`);
      return prepareSearch(device, sizes, storage);
    },
  };
}

async function prepareSearch(device: Device, sizes: SearchSizes, storage: VectorStorage): Promise<Prepared> {
  const { parts, queries, best } = searchTask(sizes);
  const index = new VectorIndex(device, { dimension: sizes.dimension, metric: "dot", storage });
  try {
    let first = 0;
    for (const { data } of parts) {
      const count = data.length / sizes.dimension;
      await index.add(
        Array.from({ length: count }, (_, at) => first + at),
        data,
      );
      first += count;
    }
    const search = () => index.search(queries.data, { k: sizes.k });
    const began = performance.now();
    const [found = []] = await search();
    const wall = hostSubject(search, () => Promise.resolve());
    return {
      subject: wall,
      wall,
      compileSeconds: (performance.now() - began) / 1000,
      variants: [],
      chosen: undefined,
      check: async () => {
        const came = found.map(({ id }) => id).join();
        if (came !== best.join()) throw new CheckError(`vector search: found ${came}; expected ${best.join()}`);
      },
      dispose: () => index.dispose(),
    };
  } catch (error) {
    index.dispose();
    throw error;
  }
}
