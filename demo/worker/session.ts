/** The state that the worker's requests share: the device, and the models. */
import {
  type Device,
  type DeviceLostError,
  FormatError,
  type Model,
  type ModelFiles,
  ReviewEncoder,
  requestDevice,
} from "sluice";
import type { Which } from "../messages/models.ts";
import { loadSaved } from "./load_saved.ts";
import { NoModelError } from "./no_model_error.ts";

/** A model and its encoder. */
export interface Subject {
  readonly model: Model;
  readonly encoder: ReviewEncoder;
}

/** Loads a model on a device. Called again after a loss of the device. */
export type SubjectLoader = (device: Device) => Promise<Subject>;

/** The worker has one session. */
export class Session {
  #device: Promise<Device> | undefined;
  readonly #subjects = new Map<Which, Promise<Subject>>();
  readonly #loaders = new Map<Which, SubjectLoader>();
  readonly #lossListeners = new Set<(error: DeviceLostError) => void>();

  /**
   * The device, opened on demand and again after a loss.
   * @throws DeviceError when there is none.
   */
  async device(): Promise<Device> {
    this.#device ??= this.#open();
    const device = await this.#device;
    try {
      await device.reopened();
    } catch (error) {
      // It could not be reopened; the next request opens another.
      this.#device = undefined;
      this.#subjects.clear();
      device.dispose();
      throw error;
    }
    return device;
  }

  /** Calls `listener` whenever the device is lost. Returns a function that removes it. */
  onLost(listener: (error: DeviceLostError) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** Sets the loader of a model, and disposes the previous model. */
  setLoader(which: Which, load: SubjectLoader): void {
    this.#drop(which);
    this.#loaders.set(which, load);
  }

  /** Sets a model that is already loaded; `load` loads it again after a loss. */
  setSubject(which: Which, subject: Subject, load: SubjectLoader): void {
    this.setLoader(which, load);
    this.#subjects.set(which, Promise.resolve(subject));
  }

  /**
   * Replaces the visitor's own model by a saved one.
   * @throws FormatError when it is damaged, or has no encoder.
   */
  async restoreOwn(files: ModelFiles): Promise<void> {
    this.setLoader("own", async (device) => {
      const model = await loadSaved(files, device);
      const { encoder } = model;
      if (encoder instanceof ReviewEncoder) return { model, encoder };
      model.dispose();
      throw new FormatError("the saved model has no encoder of this page's kind, so it cannot read text");
    });
    await this.subject("own");
  }

  /** True if a model is available. */
  has(which: Which): boolean {
    return this.#loaders.has(which);
  }

  /**
   * The model, loaded on demand.
   * @throws NoModelError when there is none of that kind.
   */
  async subject(which: Which): Promise<Subject> {
    const load = this.#loaders.get(which);
    if (load === undefined)
      throw new NoModelError(`there is no ${which === "own" ? "model of your own" : "shipped model"} yet`);
    const device = await this.device();
    let subject = this.#subjects.get(which);
    if (subject === undefined) {
      subject = load(device);
      this.#subjects.set(which, subject);
      // Allow another attempt after a failure.
      subject.catch(() => this.#subjects.delete(which));
    }
    return subject;
  }

  async #open(): Promise<Device> {
    try {
      return await requestDevice({
        powerPreference: "high-performance",
        onDeviceLost: (error) => {
          for (const listener of this.#lossListeners) listener(error);
        },
      });
    } catch (error) {
      this.#device = undefined;
      throw error;
    }
  }

  #drop(which: Which): void {
    void this.#subjects.get(which)?.then(
      ({ model }) => model.dispose(),
      () => undefined,
    );
    this.#subjects.delete(which);
  }
}
