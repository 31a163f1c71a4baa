/**
 * A training run of the visitor's own model: started or resumed, saved regularly, and continued after a loss of the
 * device.
 */
import { DeviceLostError, type Model, type ModelFiles, textClassifier } from "sluice";
import type { Curves, Run, Settings, TrainingEvent, TrainingResult } from "../messages/training.ts";
import { networkOf } from "../settings.ts";
import type { Place } from "./checkpoints.ts";
import { failureOf } from "./failure_of.ts";
import { loadSaved } from "./load_saved.ts";
import { Reporter } from "./progress_reporter.ts";
import type { Session } from "./session.ts";
import { Steering } from "./training_control.ts";
import type { Data } from "./training_data.ts";

/** The number of device losses after which the run fails. */
const MOST_LOSSES = 5;

export interface TrainingParts {
  readonly session: Session;
  readonly settings: Settings;
  readonly file: File | undefined;
  readonly data: Data;
  /** The place for checkpoints; undefined if the browser stores none. */
  readonly place: Place | undefined;
  /** The checkpoint to resume from. */
  readonly from: { readonly files: ModelFiles; readonly run: Run } | undefined;
  readonly signal: AbortSignal;
  readonly tell: (event: TrainingEvent) => void;
}

async function hashWeights(model: Model): Promise<string> {
  const weights = await model.weights();
  const bytes = await new Blob(weights.map(({ data }) => data as Float32Array<ArrayBuffer>)).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A training run. */
export class PageTraining {
  readonly #parts: TrainingParts;
  readonly #steering: Steering;
  /** The newest checkpoint, from which the run continues after a loss of the device. */
  #files: ModelFiles | undefined;
  #curves: Curves | undefined;
  #reporter: Reporter | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: TrainingParts) {
    this.#parts = parts;
    this.#files = parts.from?.files;
    this.#curves = parts.from?.run.curves;
    this.#steering = new Steering(parts.signal, async (training) => {
      const { iteration, params } = training;
      await this.#keep(await training.toFiles(), {
        step: iteration,
        steps: params.epochs * params.steps,
        isDone: false,
      });
    });
  }

  pause(): void {
    this.#steering.pause();
  }

  resume(): void {
    this.#steering.resume();
  }

  /** Trains to the end, or until the signal aborts. */
  async run(): Promise<TrainingResult> {
    for (let losses = 0; ; losses++) {
      try {
        return await this.#train();
      } catch (error) {
        if (!(error instanceof DeviceLostError) || losses === MOST_LOSSES) throw error;
        this.#parts.tell({ kind: "recovering", step: this.#curves?.training.at(-1)?.step ?? 0 });
      }
    }
  }

  async #train(): Promise<TrainingResult> {
    const { session, settings, data, signal, tell } = this.#parts;
    const device = await session.device();
    const files = this.#files;
    const { encoder } = data;
    const model =
      files === undefined
        ? textClassifier({ device, encoder, ...networkOf(settings) })
        : await loadSaved(files, device);
    const begun = files ?? (await model.toFiles());
    session.setSubject("own", { model, encoder }, async (fresh) => ({
      model: await loadSaved(this.#files ?? begun, fresh),
      encoder,
    }));
    tell({ kind: "summary", summary: model.summary() });
    const { epochs, batchSize } = settings;
    const reporter = new Reporter({ batchSize, size: data.train.size, device, curves: this.#curves, tell });
    this.#reporter = reporter;
    // `fit` recovers by itself.
    const forget = session.onLost(() => tell({ kind: "recovering", step: reporter.step }));
    try {
      const history = await model.fit(data.train, {
        ...(files === undefined ? { epochs, batchSize } : { resume: true }),
        ...{ validationData: data.test, signal, callbacks: [this.#steering.callback], onProgress: reporter.onProgress },
      });
      const { valLoss = Number.NaN, valAccuracy = Number.NaN } = history.epochs.at(-1)?.logs ?? {};
      await this.#keep(await model.toFiles(), { step: reporter.steps, steps: reporter.steps, isDone: true });
      return { loss: valLoss, accuracy: valAccuracy, weightsSha256: await hashWeights(model) };
    } catch (error) {
      // Stopped by the visitor, after a complete step, from which it can be resumed.
      if (signal.aborted) {
        const { step, steps } = reporter;
        await this.#keep(await model.toFiles(), { step, steps, isDone: false });
      }
      throw error;
    } finally {
      forget();
      await this.#saving;
    }
  }

  /** Keeps a checkpoint in memory immediately, and saves it in the browser asynchronously, one at a time. */
  async #keep(files: ModelFiles, position: Pick<Run, "step" | "steps" | "isDone">): Promise<void> {
    const { settings, file, place, tell } = this.#parts;
    const { training = [], heldOut = [] } = this.#reporter?.curves ?? {};
    this.#files = files;
    this.#curves = { training: [...training], heldOut: [...heldOut] };
    if (place === undefined) return;
    const run: Run = {
      ...{ settings, ...position, curves: this.#curves, savedAt: Date.now() },
      file: file && { name: file.name, bytes: file.size },
    };
    await this.#saving;
    this.#saving = place.save(run, files).then(
      () => tell({ kind: "kept", step: position.step }),
      (error: unknown) => tell({ kind: "notKept", failure: failureOf(error) }),
    );
  }
}
