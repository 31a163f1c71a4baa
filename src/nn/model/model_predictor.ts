import type { NdArray } from "../../core/nd_array.ts";
import { input } from "../../graph/operation.ts";
import type { Device } from "../../runtime/device.ts";
import type { Variants } from "../../runtime/measure/tune.ts";
import { Program } from "../../runtime/run/program.ts";
import { type BatchRun, predictInBatches } from "../data/batch_predictor.ts";
import type { Column } from "../data/examples.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import type { RunStop } from "../training/run_control.ts";

/** The number of batch sizes whose programs are cached. */
const KEPT_PROGRAMS = 4;

/** A compiled prediction for one batch size. */
interface Prediction extends BatchRun {
  readonly program: Program;
}

/** Predicts in batches; caches one compiled program per batch size. */
export class ModelPredictor {
  readonly #device: Device;
  readonly #graph: LayerGraph;
  readonly #variants: Variants | undefined;
  readonly #programs = new Map<number, Prediction>();

  constructor(device: Device, graph: LayerGraph, variants?: Variants) {
    this.#device = device;
    this.#graph = graph;
    this.#variants = variants;
  }

  /** The outputs for validated inputs, each `[N, ...shape]`. */
  run(columns: readonly Column[], batchSize: number, stop: RunStop): Promise<NdArray[]> {
    const next = (left: number) => {
      stop.check();
      return this.#program(Math.min(batchSize, left));
    };
    return predictInBatches(this.#device, columns, this.#graph.outputShapes, next);
  }

  /** Compiles the program for this batch size if it is not cached. */
  async prepare(batchSize: number): Promise<void> {
    await this.#program(batchSize);
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
    const prediction: Prediction = {
      rows: batchSize,
      program,
      run: (arrays, pacer) => program.run(new Map(xs.map((x, index) => [x, arrays[index] as NdArray])), pacer),
    };
    this.#programs.set(batchSize, prediction);
    return prediction;
  }

  /** Frees the programs. */
  dispose(): void {
    for (const { program } of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }
}
