/** What the worker's requests share: the device, and the models that can be asked. */
import {
  type Device,
  type DeviceLostError,
  FormatError,
  type Model,
  type ModelFiles,
  type ReviewEncoder,
  requestDevice,
} from "sluice";
import type { Which } from "../messages/models.ts";
import { loadSaved } from "./load_saved.ts";
import { NoModelError } from "./no_model_error.ts";

/** A model that can be asked, and what turns text into its ids. */
export interface Subject {
  readonly model: Model;
  readonly encoder: ReviewEncoder;
}

/** Makes a model's subject on a device. It is called again after the device was lost. */
export type SubjectLoader = (device: Device) => Promise<Subject>;

/** One for the worker's life. */
export class Session {
  #device: Promise<Device> | undefined;
  readonly #subjects = new Map<Which, Promise<Subject>>();
  readonly #loaders = new Map<Which, SubjectLoader>();
  readonly #lossListeners = new Set<(error: DeviceLostError) => void>();

  /**
   * The device: opened when first asked for, and anew after it was lost.
   * @throws DeviceError when there is none to be had.
   */
  async device(): Promise<Device> {
    this.#device ??= this.#open();
    const device = await this.#device;
    try {
      await device.reopened();
    } catch (error) {
      // It does not come back by itself: the next question opens another.
      this.#device = undefined;
      this.#subjects.clear();
      device.dispose();
      throw error;
    }
    return device;
  }

  /** Calls `listener` whenever the device is lost. Returns its removal. */
  onLost(listener: (error: DeviceLostError) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** Says how a model is made; the one that stood in its place is disposed. */
  setLoader(which: Which, load: SubjectLoader): void {
    this.#drop(which);
    this.#loaders.set(which, load);
  }

  /** Puts a model that is already there in place, which `load` can make again after a loss. */
  setSubject(which: Which, subject: Subject, load: SubjectLoader): void {
    this.setLoader(which, load);
    this.#subjects.set(which, Promise.resolve(subject));
  }

  /**
   * Puts a saved model in the place of the visitor's own.
   * @throws FormatError when it is damaged, or has no encoder.
   */
  async restoreOwn(files: ModelFiles): Promise<void> {
    this.setLoader("own", async (device) => {
      const model = await loadSaved(files, device);
      if (model.encoder === undefined) throw new FormatError("the saved model has no encoder, so it cannot read text");
      return { model, encoder: model.encoder };
    });
    await this.subject("own");
  }

  /** Whether a model can be asked. */
  has(which: Which): boolean {
    return this.#loaders.has(which);
  }

  /**
   * The model to ask, made when first asked for.
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
      // A load that failed may be tried again.
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
