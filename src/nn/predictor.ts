import { full, type NdArray } from "../core/nd_array.ts";
import { sizeOf } from "../core/shape.ts";
import { input, type Value } from "../graph/operation.ts";
import type { Device } from "../runtime/device.ts";
import { Pacer } from "../runtime/pacer.ts";
import { Program } from "../runtime/program.ts";
import type { Variants } from "../runtime/tune.ts";
import { type Column, rowsOf, sizeOfColumn } from "./examples.ts";
import type { LayerGraph } from "./layer_graph.ts";

/** Programs are kept for this many batch sizes. */
const KEPT_PROGRAMS = 4;

interface Prediction {
  readonly program: Program;
  readonly xs: readonly Value[];
}

/** Predicts in batches; a batch size's program is compiled once and kept. */
export class Predictor {
  readonly #device: Device;
  readonly #graph: LayerGraph;
  readonly #variants: Variants | undefined;
  readonly #programs = new Map<number, Prediction>();

  constructor(device: Device, graph: LayerGraph, variants?: Variants) {
    this.#device = device;
    this.#graph = graph;
    this.#variants = variants;
  }

  /** The outputs, each `[N, ...shape]`, for checked inputs. */
  async run(columns: readonly Column[], batchSize: number, signal: AbortSignal | undefined): Promise<NdArray[]> {
    const size = sizeOfColumn(columns[0] as Column);
    const results = this.#graph.outputShapes.map((shape) => full([size, ...shape], "float32", 0));
    const pacer = new Pacer(this.#device);
    for (let start = 0; start < size; start += batchSize) {
      signal?.throwIfAborted();
      const count = Math.min(batchSize, size - start);
      const { program, xs } = await this.#program(count);
      const feeds = new Map(xs.map((x, index) => [x, rowsOf(columns[index] as Column, start, count)]));
      const outputs = await program.run(feeds, pacer);
      results.forEach(({ shape, data }, index) => {
        data.set((outputs[index] as NdArray).data, start * sizeOf(shape.slice(1)));
      });
    }
    return results;
  }

  async #program(batchSize: number): Promise<Prediction> {
    const known = this.#programs.get(batchSize);
    if (known !== undefined) return known;
    const xs = this.#graph.inputSpecs.map(({ name, shape, dtype }) => input(name, [batchSize, ...shape], dtype));
    const { outputs, updates } = this.#graph.build(xs);
    const program = await Program.compile(
      this.#device,
      { outputs, updates },
      { label: `prediction, batch ${batchSize}`, inputs: xs, variants: this.#variants },
    );
    const [oldest] = this.#programs.keys();
    if (this.#programs.size >= KEPT_PROGRAMS && oldest !== undefined) {
      this.#programs.get(oldest)?.program.dispose();
      this.#programs.delete(oldest);
    }
    this.#programs.set(batchSize, { program, xs });
    return { program, xs };
  }

  dispose(): void {
    for (const { program } of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }
}
