/** Chooses between a kernel's variants: measured once per adapter and shape, or replayed from a saved training run. */

import type { KernelCall } from "../../core/kernel_call.ts";
import { readValue } from "../../core/option_table.ts";
import type { TuningStore, VariantChoice } from "../../core/tuning.ts";
import type { Device } from "../device.ts";
import { deviceKind } from "../device_kind.ts";
import type { ChooseVariant } from "../plan/planner.ts";
import type { VariantChooser } from "./choose_variants.ts";
import type { Variants } from "./tuning_memory.ts";

export type { Variants } from "./tuning_memory.ts";

/** The choices made on a device, by tuning or by replaying a saved training run. */
export class Tuning {
  /** The key of the choices: the adapter, its limits and the runtime. */
  readonly adapter: string;
  readonly #device: Device;
  #chooser: VariantChooser | undefined;
  /** Only one program is measured at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(device: Device) {
    this.#device = device;
    this.adapter = adapterKey(device);
  }

  /** The choices so far, in order. Kernels with a single variant on this device are not listed. */
  get choices(): readonly VariantChoice[] {
    return this.#chooser?.choices ?? [];
  }

  /** Why the store could not be read or written; undefined if it works. Tuning continues without the store. */
  get problem(): string | undefined {
    return this.#chooser?.problem;
  }

  /**
   * Returns a function that chooses the variants of these calls; undefined if there is nothing to choose by.
   * @param kept choices that take precedence; receives new ones
   */
  async chooserFor(calls: () => readonly KernelCall[], kept: Variants = new Map()): Promise<ChooseVariant | undefined> {
    const { tune } = this.#device;
    if (tune === undefined && kept.size === 0) return undefined;
    const turn = this.#turn.then(async () => {
      const { VariantChooser } = await import("./choose_variants.ts");
      this.#chooser ??= new VariantChooser(this.#device, this.adapter, tune);
      return this.#chooser.chooseAll(calls(), kept);
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

const tunings = new WeakMap<Device, Tuning>();

/**
 * The choices between kernels' variants on a device: empty unless the device was opened with `tune`, or a loaded
 * training run contains choices.
 *
 * @example
 * using device = await requestDevice({ tune: true });
 * await model.fit(data);
 * for (const { call, variant } of tuningOf(device).choices) console.log(call, variant);
 */
export function tuningOf(device: Device): Tuning {
  readValue("tuningOf", "device", deviceKind, device);
  let tuning = tunings.get(device);
  // After a loss, the next adapter may be a different one.
  if (tuning === undefined || tuning.adapter !== adapterKey(device)) {
    tuning = new Tuning(device);
    tunings.set(device, tuning);
  }
  return tuning;
}

function adapterKey({ adapter, traits }: Device): string {
  const limits = Object.values(traits.limits).join(" ");
  return [adapter, traits.kind, runtimeName(), `subgroups ${traits.subgroupSize}`, `limits ${limits}`].join(" | ");
}

/** Part of the key, because each runtime has its own WebGPU implementation. */
function runtimeName(): string {
  if ("Deno" in globalThis) return "deno";
  if ("process" in globalThis) return "node";
  return /Firefox|Chrome|Safari/.exec(globalThis.navigator?.userAgent ?? "")?.[0] ?? "page";
}

/** The default store of choices: `sluice/tuning.json` in the user's cache directory, or IndexedDB in a page. */
export function defaultTuningStore(): TuningStore {
  const store = async () => {
    const { keptChoices } = await import("./tuning_memory.ts");
    return keptChoices();
  };
  return { read: async () => (await store()).read(), write: async (text) => (await store()).write(text) };
}
