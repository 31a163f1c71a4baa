import type { Device } from "../gpu/device.ts";

/** Bounds the steps in flight: an adapter stays responsive, and an abort takes hold soon. It reads nothing back. */
export class Pacer {
  readonly #device: Device;
  readonly #bound: number;
  readonly #pending: Promise<undefined>[] = [];

  constructor(device: Device, bound = 3) {
    this.#device = device;
    this.#bound = bound;
  }

  /** Call after a submit: waits until fewer than the bound are under way. */
  async submitted(): Promise<void> {
    this.#pending.push(this.#device.gpu.queue.onSubmittedWorkDone());
    if (this.#pending.length >= this.#bound) await this.#pending.shift();
    this.#device.assertUsable();
  }
}
