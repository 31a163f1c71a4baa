/** Text vectors from a model's layers: the states of a recurrent layer, word vectors, or a layer's output. */
import { ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { ifGiven, readOptions, resolvedBy, type TableOf, text } from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { type Encoder, expectEncoder } from "../data/encoder.ts";
import { makeRagged } from "../data/make_ragged.ts";
import { rowOf, toPadded } from "../data/ragged_rows.ts";
import { input, type Value } from "../graph/operation.ts";
import { Bidirectional, type LayerTrace, Rnn } from "../nn/layers/index.ts";
import { ModelBase } from "../nn/model/model_base.ts";
import { recovering } from "../runtime/recover/recovery.ts";
import { Program } from "../runtime/run/program.ts";
import { type EmbeddedBatch, Embedder, type Pooling } from "./embedder.ts";
import { expectIdEncoder, type IdEncoder } from "./id_encoder.ts";
import { poolSteps } from "./pooling.ts";

/** Options of `modelEmbedder`. */
export interface ModelEmbedderOptions {
  /**
   * The layer whose output, or whose states over time, are the vectors. By default the last recurrent layer, or the
   * last layer of a model without one. An `embedding` layer gives word vectors.
   */
  readonly layer?: string | undefined;
  /** Encodes texts as the model's ids. Default: the model's encoder. */
  readonly encoder?: Encoder | undefined;
}

const MODEL_EMBEDDER = {
  layer: ifGiven(text),
  encoder: ifGiven(resolvedBy("an encoder", expectEncoder)),
} satisfies TableOf<ModelEmbedderOptions>;

/** A layer as a source of vectors. */
interface Chosen {
  /** A vector for each timestep, `[B, T, D]`, if the layer has them. */
  readonly steps: Value | undefined;
  /** A vector for each text, `[B, D]`, if the layer has it. */
  readonly whole: Value | undefined;
  /** True if the timesteps run from the end of the text. */
  readonly isReversed: boolean;
}

interface Prepared {
  readonly program: Program;
  readonly ids: Value;
  /** float32 `[B, T]`: 1 for steps that are words of the text; undefined if the program does not need it. */
  readonly mask: Value | undefined;
  readonly isReversed: boolean;
}

/** The number of cached programs, by batch size and pooling. */
const KEPT_PROGRAMS = 8;

class ModelEmbedder extends Embedder {
  readonly vectorSize: number;
  protected readonly poolings: readonly Pooling[];
  readonly #model: ModelBase;
  readonly #encoder: IdEncoder;
  readonly #layer: string | undefined;
  readonly #time: number;
  readonly #programs = new Map<string, Promise<Prepared>>();

  constructor(model: ModelBase, options: ModelEmbedderOptions) {
    super();
    if (!(model instanceof ModelBase)) {
      throw new ValueError(
        `modelEmbedder: got ${shown(model)}; expected a model, such as await loadModel(directory, { device })`,
      );
    }
    const { layer, encoder: given = model.encoder } = readOptions("modelEmbedder(model)", MODEL_EMBEDDER, options);
    const encoder = expectIdEncoder("modelEmbedder", given, model.name);
    const [ids, ...others] = model.graph.inputSpecs;
    if (ids === undefined || ids.dtype !== "int32" || ids.shape.length !== 1 || others.length > 0) {
      throw new ValueError(
        `modelEmbedder: the model "${model.name}" does not read texts; expected one input of ids, [T]`,
        { inputs: model.graph.inputSpecs },
      );
    }
    if (ids.idLimit !== undefined && encoder.inputDim > ids.idLimit) {
      throw new ValueError(
        `modelEmbedder: the encoder produces ids up to ${encoder.inputDim - 1}; the model takes those below ` +
          `${ids.idLimit}: give the encoder that it was trained with`,
        { inputDim: encoder.inputDim, limit: ids.idLimit },
      );
    }
    this.#model = model;
    this.#encoder = encoder;
    this.#layer = layer;
    this.#time = ids.shape[0] as number;
    const { steps, whole } = this.#choose(model.graph.build([input("ids", [1, this.#time], "int32")]).traces);
    this.vectorSize = (steps ?? whole)?.shape.at(-1) as number;
    this.poolings = steps === undefined ? ["last"] : ["last", "mean", "max"];
  }

  protected override release(): void {
    for (const prepared of this.#programs.values()) {
      prepared.then(({ program }) => program.dispose()).catch(() => undefined);
    }
    this.#programs.clear();
  }

  protected lengthOf(text: string): number {
    return text.length;
  }

  protected async embedBatch(texts: readonly string[], pooling: Pooling): Promise<EmbeddedBatch> {
    const { padding, truncating } = this.#encoder;
    // Round the batch size up, because each size needs a program of its own.
    const rows = 2 ** Math.ceil(Math.log2(texts.length));
    const encoded = Array.from({ length: rows }, (_, row) => this.#encoder.encodeText(texts[row] ?? ""));
    const ragged = makeRagged(encoded, { maxLength: this.#time, padding, truncating });
    const known = texts.map((_, row) => rowOf(ragged, row).some((id) => this.#encoder.isWord(id)));
    const vectors = await this.#model.reading("embed", async () => {
      const { program, ids, mask, isReversed } = await this.#prepare(rows, pooling);
      const feeds = new Map<Value, NdArray>([[ids, toPadded(ragged)]]);
      if (mask !== undefined) {
        const lengths = Array.from({ length: rows }, (_, row) => rowOf(ragged, row).length);
        feeds.set(mask, maskOf(lengths, this.#time, (padding === "pre") !== isReversed));
      }
      const [pooled] = await recovering(this.#model.device, () => program.run(feeds));
      return pooled as NdArray;
    });
    const size = this.vectorSize;
    return { data: vectors.data.subarray(0, texts.length * size) as Float32Array, size, known };
  }

  #prepare(rows: number, pooling: Pooling): Promise<Prepared> {
    const key = `${rows} ${pooling}`;
    const kept = this.#programs.get(key) ?? this.#compile(rows, pooling);
    // The most recently used program is last.
    this.#programs.delete(key);
    this.#programs.set(key, kept);
    kept.catch(() => this.#programs.delete(key));
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > KEPT_PROGRAMS && oldest !== undefined) {
      this.#programs.get(oldest)?.then(({ program }) => program.dispose());
      this.#programs.delete(oldest);
    }
    return kept;
  }

  async #compile(rows: number, pooling: Pooling): Promise<Prepared> {
    const ids = input("ids", [rows, this.#time], "int32");
    const { steps, whole, isReversed } = this.#choose(this.#model.graph.build([ids]).traces);
    // With padding before the text, the layer's last state belongs to the text's last word.
    const endsAlike = this.#encoder.padding === "pre" && !isReversed;
    const isWhole = whole !== undefined && pooling === "last" && (endsAlike || steps === undefined);
    // After a layer that merges timesteps, padding cannot be identified, so all timesteps count.
    const isAligned = steps?.shape[1] === this.#time;
    const mask = isWhole || !isAligned ? undefined : input("mask", [rows, this.#time]);
    const vectors = isWhole ? whole : poolSteps(steps as Value, pooling, mask);
    const { device, variants } = this.#model;
    const inputs = mask === undefined ? [ids] : [ids, mask];
    const program = await recovering(device, () =>
      Program.compile(
        device,
        { outputs: [vectors], updates: [] },
        { label: `embedding, batch ${rows}, ${pooling}`, inputs, variants },
      ),
    );
    return { program, ids, mask, isReversed };
  }

  #choose(traces: readonly LayerTrace[]): Chosen {
    const parts = new Set(traces.flatMap(({ layer, result }) => (isBoth(layer) ? (result.traces ?? []) : [])));
    const own = traces.filter((trace) => !parts.has(trace));
    const recurrent = own.filter(({ layer }) => layer instanceof Rnn || isBoth(layer));
    const found =
      this.#layer === undefined
        ? (recurrent.at(-1) ?? own.at(-1))
        : own.findLast(({ layer }) => layer.name === this.#layer);
    if (found === undefined) {
      throw new ValueError(
        `modelEmbedder: the model "${this.#model.name}" has no layer "${this.#layer}"; its layers are ` +
          `${own.map(({ layer }) => layer.name).join(", ")}`,
        { layer: this.#layer },
      );
    }
    const { layer, result } = found;
    const { output, states, hidden } = result;
    const steps = output.shape.length === 3 ? output : hidden;
    const whole = output.shape.length === 2 ? output : layer instanceof Rnn ? states?.[0] : undefined;
    if (steps === undefined && whole === undefined) {
      throw new ValueError(
        `modelEmbedder: "${layer.name}" gives ` +
          `[${output.shape.map((size, axis) => (axis === 0 ? "B" : size)).join(", ")}]; expected a vector for each ` +
          "text, [B, D], or for each step, [B, T, D]",
        { layer: layer.name, shape: output.shape },
      );
    }
    return { steps, whole, isReversed: layer instanceof Rnn && layer.goBackwards };
  }
}

function isBoth(layer: unknown): layer is Bidirectional {
  return layer instanceof Bidirectional;
}

/** A mask with ones for each row's words, at the end or the start of `time` timesteps. */
function maskOf(lengths: readonly number[], time: number, isAtEnd: boolean): NdArray {
  const data = new Float32Array(lengths.length * time);
  for (const [row, length] of lengths.entries()) {
    const start = row * time + (isAtEnd ? time - length : 0);
    data.fill(1, start, start + length);
  }
  return { shape: [lengths.length, time], data };
}

/**
 * An embedder on a model: the states of its last recurrent layer, or another layer's output. "last", the default, is
 * the state after a text's last word, "mean" and "max" are over the text's words; padding is ignored. Texts are
 * truncated to the model's length on the side that its encoder truncates.
 *
 * @throws ValueError if the model does not read ids of one text, has no encoder, or no such layer.
 * @example
 * const model = await loadModel("runs/imdb", { device });
 * const embedder = modelEmbedder(model);
 * const { data } = await embedder.embed(["a fine film"], { pooling: "mean", normalize: true });
 */
export function modelEmbedder(model: ModelBase, options: ModelEmbedderOptions = {}): Embedder {
  return new ModelEmbedder(model, options);
}
