/** EdgeVec: approximate search (HNSW, a graph of neighbours) in WebAssembly on one CPU thread. */
import { norm, similarity } from "../../embed/similarity.ts";
import { hasNodeModules, openFileSystem } from "../../platform/file_system.ts";
import type { SearchSizes } from "../bench_case.ts";
import { CheckError } from "../check_samples.ts";
import { searchTask } from "../search_task.ts";
import { hostSubject } from "../timed_subjects.ts";
import type { Peer, PreparedPeer } from "./peer.ts";

type EdgeVec = import("edgevec").EdgeVec;

/** The package does not export its version; tests/bench/peers.test.ts compares this one with the package's. */
export const EDGEVEC_VERSION = "0.9.0";

/** An index of a task's rows, and the seconds to build it. */
interface Built {
  readonly key: string;
  readonly index: EdgeVec;
  readonly seconds: number;
}

/**
 * Loads EdgeVec. It takes minutes to build an index of 100,000 vectors, so one index serves all numbers of queries.
 * @throws Error when the package is not installed.
 */
export async function loadEdgevec(): Promise<Peer> {
  const edgevec = await import("edgevec");
  // In Node, `fetch` does not read files.
  if (hasNodeModules()) {
    const url = import.meta.resolve("edgevec/edgevec_bg.wasm");
    const bytes = await (await openFileSystem()).readFile(decodeURIComponent(new URL(url).pathname));
    edgevec.initSync({ module: bytes });
  } else await edgevec.default();
  let last: Built | undefined;
  const buildFor = (sizes: SearchSizes): Built => {
    const key = `${sizes.rows} ${sizes.dimension}`;
    if (last?.key === key) return last;
    last?.index.free();
    last = { key, ...build(edgevec, sizes) };
    return last;
  };
  return {
    name: "edgevec",
    version: EDGEVEC_VERSION,
    backend: "wasm",
    prepare: async (task) => (task.kind === "vector search" ? prepareSearch(buildFor(task), task) : undefined),
    dispose: () => last?.index.free(),
  };
}

/**
 * Uses its defaults, and the distance between unit vectors, which gives the same order as the cosine: with the cosine
 * or the dot product, version 0.9.0 finds the farthest vectors.
 */
function build({ EdgeVec, EdgeVecConfig }: typeof import("edgevec"), sizes: SearchSizes): Omit<Built, "key"> {
  const { rows, dimension } = sizes;
  const { parts } = searchTask(sizes);
  const config = new EdgeVecConfig(dimension);
  config.metric = "l2";
  const index = new EdgeVec(config);
  const began = performance.now();
  for (const { data } of parts) {
    for (let at = 0; at < data.length; at += dimension) index.insert(unit(data.subarray(at, at + dimension)));
  }
  const seconds = (performance.now() - began) / 1000;
  if (index.liveCount() !== rows) throw new CheckError(`edgevec: ${index.liveCount()} of ${rows} vectors were added`);
  return { index, seconds };
}

/** Scales the vector to length 1. */
function unit(vector: ArrayLike<number>): Float32Array {
  const length = norm(vector);
  return Float32Array.from(vector, (number) => number / length);
}

function prepareSearch({ index, seconds }: Built, sizes: SearchSizes): PreparedPeer {
  const { rows, dimension, queries: count, k } = sizes;
  const { parts, queries } = searchTask(sizes);
  const query = (at: number) => unit(queries.data.subarray(at * dimension, (at + 1) * dimension));
  const search = (at: number) => index.search(query(at), k) as { readonly id: number; readonly score: number }[];
  const first = query(0);
  const scores = Float64Array.from({ length: rows }, (_, row) => {
    const { data } = parts[Math.floor((row * parts.length) / rows)] as (typeof parts)[number];
    const start = (row % (rows / parts.length)) * dimension;
    return similarity("cosine", first, data.subarray(start, start + dimension));
  });
  const best = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number)).slice(0, k);
  // EdgeVec's ids start at 1.
  const found = new Set(search(0).map(({ id }) => id - 1));
  const recall = best.filter((row) => found.has(row)).length / k;
  return {
    subject: hostSubject(
      () => {
        for (let at = 0; at < count; at++) search(at);
      },
      () => Promise.resolve(),
    ),
    prepareSeconds: seconds,
    note: `found ${Math.round(recall * 100)}% of the ${k} nearest`,
    dispose: () => undefined,
  };
}
