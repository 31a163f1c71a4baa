/** Predicts with a saved plan; it needs no layers, graph or kernels. */
import { DeviceLostError, DisposedError, FormatError, ValueError } from "../core/errors.ts";
import type { JsonValue } from "../core/json_check.ts";
import type { NdArray } from "../core/nd_array.ts";
import { EXPECTED_SIGNAL, type FewOptions, isAbortSignal, readFew, shown } from "../core/options.ts";
import { raceAbort } from "../core/race.ts";
import { formatShape, type Shape, sameShape } from "../core/shape.ts";
import type { Encoder } from "../data/encoder.ts";
import { type Device, openDefaultDevice } from "../gpu/device.ts";
import { fetchModel, type Metadata, type SavedModel, unpackModel } from "../io/model_file.ts";
import { parseSafetensors } from "../io/parse_safetensors.ts";
import { type BatchRun, predictInBatches } from "../nn/data/batch_predictor.ts";
import type { Classification } from "../nn/data/classify_texts.ts";
import { type InputsLike, prepareInputs } from "../nn/data/data_input.ts";
import { type Column, sizeOfColumn } from "../nn/data/examples.ts";
import type { InputSpec } from "../nn/graph/input_spec.ts";
import { type BatchPlan, readPlan, type SavedPlan } from "../nn/saved_plan/read.ts";
import { EXPECTED_DEVICE, isDevice } from "../runtime/device.ts";
import { recovering } from "../runtime/recover/recovery.ts";
import { Replay } from "../runtime/run/replay.ts";
import { variablesOf } from "../runtime/run/variables.ts";
import { loadShaders } from "./load_shaders.ts";

/** Options of `loadPredictor`. */
export interface PredictorLoadOptions {
  /** The device to predict on. If absent, the predictor opens one and disposes it. */
  readonly device?: Device | undefined;
}

/** Options of `predict`. */
export interface PredictOptions {
  /** Rejects the prediction with an AbortError, at once; what the GPU has begun it ends. */
  readonly signal?: AbortSignal | undefined;
}

const LOAD: FewOptions<PredictorLoadOptions> = { device: [EXPECTED_DEVICE, isDevice] };
const PREDICT: FewOptions<PredictOptions> = { signal: [EXPECTED_SIGNAL, isAbortSignal] };

/** The parts of a saved model that a predictor reads. */
const PARTS = ["weights", "plan"] as const;

/**
 * Loads a model that was saved with `predictor: true`, from its directory (Node, Deno), its URL, or its files in
 * memory. Its shaders and buffers were planned when it was saved, so the training engine is not needed.
 * @throws FormatError when a file is truncated, damaged, of a newer version, or was saved without a plan; nothing is
 * left on the device.
 * @throws FileError when a file cannot be read. DeviceError when there is no GPU, or it rejects the plan.
 * @example
 * const predictor = await loadPredictor("model/"); // a page's own folder, as model.save or toFiles wrote it
 * // Without a saved encoder, give ids.
 * const ids = predictor.encoder?.encode(["a wonderful film"]) ?? [[0, 14, 7]];
 * const { data } = await predictor.predict(ids);
 */
export async function loadPredictor<P extends NdArray | NdArray[] = NdArray>(
  source: string | URL | ReadonlyMap<string, Uint8Array>,
  options: PredictorLoadOptions = {},
): Promise<Predictor<P>> {
  const { device: given } = readFew("loadPredictor(source, options)", LOAD, options);
  const isAddress = typeof source === "string" || source instanceof URL;
  if (!isAddress && !(source instanceof Map)) {
    throw new ValueError(`loadPredictor: got ${shown(source)}; expected a path, a URL, or a Map of bytes by name`);
  }
  const saved = await (isAddress ? fetchModel(source, PARTS) : unpackModel(source, PARTS));
  const encoder = saved.encoder === undefined ? undefined : await encoderOf(saved.encoder);
  const plan = await planOf(saved);
  const device = given ?? (await openDefaultDevice());
  const release = () => {
    variablesOf(device).release(plan.variables);
    if (given === undefined) device.dispose();
  };
  const runs: PlannedRun[] = [];
  try {
    const prepare = async () => {
      for (const run of runs.splice(0)) run.dispose();
      for (const batch of plan.plans) runs.push(await PlannedRun.make(device, batch));
    };
    await recovering(device, prepare, { isRetried: isHarmless });
  } catch (error) {
    for (const run of runs) run.dispose();
    release();
    throw error;
  }
  return new Predictor<P>({ device, encoder, metadata: saved.metadata ?? {}, plan, runs, release });
}

/** A page whose model takes no text does without the code that encodes it. */
async function encoderOf(json: JsonValue): Promise<Encoder | undefined> {
  const { readEncoder } = await import("../data/read_encoder.ts");
  return readEncoder(json);
}

async function planOf({ plan, weights }: SavedModel): Promise<SavedPlan> {
  if (plan === undefined) {
    throw new FormatError(
      "model.json: the model was saved without a plan; save it with { predictor: true }, or use loadModel of " +
        "sluice",
    );
  }
  const { tensors } = parseSafetensors(weights, "weights.safetensors");
  const weightOf = (name: string, shape: Shape): NdArray => {
    const array = tensors.get(name);
    if (array !== undefined && sameShape(array.shape, shape) && array.data instanceof Float32Array) {
      if (array.data.every(Number.isFinite)) return array;
      throw new FormatError(`weights.safetensors: "${name}" holds a number that is not finite`);
    }
    const found = array === undefined ? "absent" : formatShape(array.shape);
    throw new FormatError(`weights.safetensors: "${name}" is ${found}; the plan says float32 ${formatShape(shape)}`);
  };
  return readPlan(plan, weightOf, loadShaders, "plan.json");
}

/** Whether a loss was asked for, by `destroy()`: after others a plan that has never run may be what caused them. */
const isHarmless = ({ reason }: DeviceLostError): boolean => reason === "destroyed";

/** A plan on a device. */
class PlannedRun implements BatchRun {
  readonly rows: number;
  readonly #replay: Replay;
  #begun = false;
  #ended = false;

  private constructor(rows: number, replay: Replay) {
    this.rows = rows;
    this.#replay = replay;
  }

  /** @throws DeviceError when the device rejects a shader or a buffer; nothing is left on it. */
  static async make(device: Device, { batchSize, plan }: BatchPlan): Promise<PlannedRun> {
    const replay = await Replay.make(device, `prediction, batch ${batchSize}`, () => plan);
    try {
      await replay.check();
      return new PlannedRun(batchSize, replay);
    } catch (error) {
      replay.dispose();
      throw error;
    }
  }

  /** Runs the plan once. */
  readonly run: BatchRun["run"] = async (arrays, pacer) => {
    this.#begun = true;
    const outputs = await this.#replay.run(arrays, pacer);
    this.#ended = true;
    return outputs;
  };

  /** True while its first run has begun and not ended. */
  get isInFirstRun(): boolean {
    return this.#begun && !this.#ended;
  }

  /** Frees its buffers. */
  dispose(): void {
    this.#replay.dispose();
  }
}

/** The parts of a Predictor. */
interface PredictorParts {
  readonly device: Device;
  readonly encoder: Encoder | undefined;
  readonly metadata: Metadata;
  readonly plan: SavedPlan;
  /** From the smallest batch to the largest. */
  readonly runs: readonly PlannedRun[];
  /** Frees its resources. */
  readonly release: () => void;
}

/**
 * A saved model that can only predict. Create one with `loadPredictor` and dispose it when done. `P` is the type of the
 * predictions, as in `Model`.
 */
export class Predictor<P extends NdArray | NdArray[] = NdArray> {
  readonly #parts: PredictorParts;
  readonly #disposal = new AbortController();
  #failure: DeviceLostError | undefined;

  constructor(parts: PredictorParts) {
    this.#parts = parts;
  }

  /** The device that it predicts on. */
  get device(): Device {
    return this.#parts.device;
  }

  /** Encodes text as the model's ids; undefined if the model was saved without an encoder. */
  get encoder(): Encoder | undefined {
    return this.#parts.encoder;
  }

  /** What was saved as `model.metadata`: JSON values by name. */
  get metadata(): Metadata {
    return this.#parts.metadata;
  }

  /** The shape and dtype of each input. */
  get inputs(): readonly InputSpec[] {
    return this.#parts.plan.inputs;
  }

  /** The shapes of the outputs, without the batch axis. */
  get outputShapes(): readonly Shape[] {
    return this.#parts.plan.outputShapes;
  }

  /**
   * The outputs for x, `[N, ...outputShape]`, equal to the model's own except for rounding; a list if there are
   * several. If the device is lost meanwhile, another one is opened and the work repeated; not in a plan's first run,
   * which may be what the driver did not survive.
   * @throws ShapeError, ValueError for data that does not fit the model. DeviceLostError when no other device could be
   * opened, or the device was lost in a plan's first run. AbortError, DisposedError at once when `signal` aborts or the
   * predictor is disposed, even while the GPU is busy.
   */
  async predict(x: InputsLike, options: PredictOptions = {}): Promise<P> {
    const { signal } = readFew("predict(x, options)", PREDICT, options);
    const { device, plan, runs } = this.#parts;
    this.#assertOpen();
    const columns = prepareInputs(x, plan.inputs, "predict");
    if (plan.states.length > 0) this.#expectWhole(sizeOfColumn(columns[0] as Column));
    const largest = runs.at(-1) as PlannedRun;
    const next = (left: number) => runs.find(({ rows }) => rows >= left) ?? largest;
    const work = () => predictInBatches(device, columns, plan.outputShapes, next, signal);
    const check = () => this.#assertOpen();
    const isRetried = (loss: DeviceLostError) => {
      if (isHarmless(loss) || !runs.some((run) => run.isInFirstRun)) return true;
      this.#failure = new DeviceLostError(
        `${loss.message}, in the first run of a saved plan, which may be the cause: load it again to retry`,
        loss.details,
        { cause: loss },
      );
      return false;
    };
    const recovered = recovering(device, work, { check, changes: plan.states, isRetried }).catch((error: unknown) => {
      throw this.#failure ?? error;
    });
    const outputs = await raceAbort(recovered, signal, this.#disposal.signal);
    return (outputs.length === 1 ? outputs[0] : outputs) as P;
  }

  /**
   * The class of each text, as the model's own `classify`.
   * @throws ValueError without an encoder or labels, ShapeError for an output that is no probability for each label.
   */
  async classify(texts: string | readonly string[], options: PredictOptions = {}): Promise<Classification[]> {
    const { classifyTexts } = await import("../nn/data/classify_texts.ts");
    const { encoder, metadata, outputShapes } = this;
    return classifyTexts({ encoder, metadata, outputShapes, predict: (x) => this.predict(x, options) }, texts);
  }

  /** Resets the states of `stateful` layers to their initial zeros. */
  resetStates(): void {
    this.#assertOpen();
    for (const state of this.#parts.plan.states) variablesOf(this.device).reset(state);
  }

  /** @throws ValueError unless the rows fill whole batches, because states belong to rows. */
  #expectWhole(size: number): void {
    const [run] = this.#parts.runs as [PlannedRun];
    if (size % run.rows === 0) return;
    throw new ValueError(
      `predict: x holds ${size} rows; a model with stateful layers that was planned for batches of ${run.rows} takes ` +
        "a multiple of them",
      { size, batchSize: run.rows },
    );
  }

  #assertOpen(): void {
    this.#disposal.signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    this.device.assertOpen();
  }

  /**
   * Frees its buffers, and the device if it opened one; predictions that are under way reject with DisposedError. Does
   * nothing when called again.
   */
  dispose(): void {
    if (this.#disposal.signal.aborted) return;
    this.#disposal.abort(new DisposedError("the predictor was disposed; load it again"));
    for (const run of this.#parts.runs) run.dispose();
    this.#parts.release();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
