/**
 * Random graphs that are the same in every runtime. In Node fast-check draws more of them, and makes smaller what
 * fails: tests/ops.
 */
import { Random } from "../../src/index.ts";
import type { ConformanceCase } from "./case.ts";
import { randomGraph } from "./ops/random_graph.ts";
import { compareOnGpu } from "./ops_on_gpu.ts";

/** Graphs of one program: their pipelines compile together. */
const PER_PROGRAM = 10;
/** Graphs of one case. */
const PER_CASE = 100;

function drawGraph(index: number) {
  const random = new Random(2024, index);
  const size = () => 1 + random.integer(9);
  const sizes = [size(), size(), size()] as const;
  const draw = () => random.integer(1000);
  const choices = Array.from({ length: 10 }, () => ({ op: draw(), a: draw(), b: draw(), c: draw() }));
  return randomGraph(`graph ${index}`, sizes, choices);
}

/** The first `count` of the random graphs against float64, values and gradients. */
export function randomGraphCases(count: number): ConformanceCase[] {
  return Array.from({ length: Math.ceil(count / PER_CASE) }, (_, part) => {
    const [first, end] = [part * PER_CASE, Math.min(count, (part + 1) * PER_CASE)];
    return {
      name: `random graphs ${first} to ${end - 1}: values and gradients against float64`,
      tries: end - first,
      async run(device) {
        for (let from = first; from < end; from += PER_PROGRAM) {
          const size = Math.min(PER_PROGRAM, end - from);
          await compareOnGpu(
            device,
            Array.from({ length: size }, (__, index) => drawGraph(from + index)),
          );
        }
      },
    };
  });
}
