/** The choice between a kernel's variants: as measured once per adapter and shape, or as a saved training made it. */

import type { KernelCall } from "../../core/kernel_call.ts";
import { readValue } from "../../core/option_table.ts";
import type { TuningStore, VariantChoice } from "../../core/tuning.ts";
import type { Device } from "../device.ts";
import { deviceKind } from "../device_kind.ts";
import type { ChooseVariant } from "../plan/planner.ts";
import type { VariantChooser } from "./choose_variants.ts";
import type { Variants } from "./tuning_memory.ts";

export type { Variants } from "./tuning_memory.ts";

/**
 * The choices that were made on a device, whether it was asked to tune or only to repeat what a saved training says.
 */
export class Tuning {
  /** What the choices hold for: the adapter, its limits and the runtime. */
  readonly adapter: string;
  readonly #device: Device;
  #chooser: VariantChooser | undefined;
  /** Only one program is measured at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(device: Device) {
    this.#device = device;
    this.adapter = adapterKey(device);
  }

  /** The choices so far, in the order in which they were made; none for kernels that have one way only here. */
  get choices(): readonly VariantChoice[] {
    return this.#chooser?.choices ?? [];
  }

  /** Why choices could not be read from the store or kept in it; undefined when all is well. Tuning goes on without. */
  get problem(): string | undefined {
    return this.#chooser?.problem;
  }

  /**
   * How these calls are to run; undefined where nothing says so.
   * @param kept what comes before all else, and takes up the choices that are made
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
 * The choices between kernels' variants on a device: empty unless it was opened with `tune`, or a loaded training has
 * choices.
 *
 * @example
 * using device = await requestDevice({ tune: true });
 * await model.fit(data);
 * for (const { call, variant } of tuningOf(device).choices) console.log(call, variant);
 */
export function tuningOf(device: Device): Tuning {
  readValue("tuningOf", "device", deviceKind, device);
  let tuning = tunings.get(device);
  // After a loss the next adapter may be another.
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

/** Each runtime has a WebGPU of its own. */
function runtimeName(): string {
  if ("Deno" in globalThis) return "deno";
  if ("process" in globalThis) return "node";
  return /Firefox|Chrome|Safari/.exec(globalThis.navigator?.userAgent ?? "")?.[0] ?? "page";
}

/**
 * Where choices are kept unless told otherwise: `sluice/tuning.json` in the user's cache directory, or IndexedDB in a
 * page.
 */
export function defaultTuningStore(): TuningStore {
  const store = async () => {
    const { keptChoices } = await import("./tuning_memory.ts");
    return keptChoices();
  };
  return { read: async () => (await store()).read(), write: async (text) => (await store()).write(text) };
}
