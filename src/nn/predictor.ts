import { full, type NdArray } from "../core/nd_array.ts";
import { sizeOf } from "../core/shape.ts";
import type { RaggedSequences } from "../data/ragged.ts";
import { input, type Value } from "../graph/operation.ts";
import type { Device } from "../runtime/device.ts";
import { Pacer } from "../runtime/pacer.ts";
import { Program } from "../runtime/program.ts";
import { rowsOf } from "./data_parts.ts";
import type { LayerStack } from "./layer_stack.ts";

/** Programs are kept for this many batch sizes. */
const KEPT_PROGRAMS = 4;

interface Prediction {
  readonly program: Program;
  readonly x: Value;
}

/** Predicts in batches; a batch size's program is compiled once and kept. */
export class Predictor {
  readonly #device: Device;
  readonly #stack: LayerStack;
  readonly #programs = new Map<number, Prediction>();

  constructor(device: Device, stack: LayerStack) {
    this.#device = device;
    this.#stack = stack;
  }

  /** The outputs `[N, ...outputShape]` for checked inputs. */
  async run(x: NdArray | RaggedSequences, batchSize: number, signal: AbortSignal | undefined): Promise<NdArray> {
    const size = "kind" in x ? x.offsets.length - 1 : (x.shape[0] as number);
    const width = sizeOf(this.#stack.outputShape);
    const result = full([size, ...this.#stack.outputShape], "float32", 0);
    const pacer = new Pacer(this.#device);
    for (let start = 0; start < size; start += batchSize) {
      signal?.throwIfAborted();
      const count = Math.min(batchSize, size - start);
      const { program, x: value } = await this.#program(count);
      const [output] = await program.run(new Map([[value, rowsOf(x, start, count)]]), pacer);
      (result.data as Float32Array).set((output as NdArray).data, start * width);
    }
    return result;
  }

  async #program(batchSize: number): Promise<Prediction> {
    const known = this.#programs.get(batchSize);
    if (known !== undefined) return known;
    const { inputShape, inputSpec } = this.#stack;
    const x = input("x", [batchSize, ...inputShape], inputSpec.dtype);
    const graph = { outputs: [this.#stack.forward(x).output], updates: [] };
    const program = await Program.compile(this.#device, graph, {
      label: `prediction, batch ${batchSize}`,
      inputs: [x],
    });
    const [oldest] = this.#programs.keys();
    if (this.#programs.size >= KEPT_PROGRAMS && oldest !== undefined) {
      this.#programs.get(oldest)?.program.dispose();
      this.#programs.delete(oldest);
    }
    this.#programs.set(batchSize, { program, x });
    return { program, x };
  }

  dispose(): void {
    for (const { program } of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }
}
