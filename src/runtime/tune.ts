/** The choice between a kernel's variants: as measured once per adapter and shape, or as a saved training made it. */
import { SluiceError } from "../core/errors.ts";
import type { KernelCall } from "../core/kernel_call.ts";
import type { ChoiceOrigin, TuneOptions, VariantChoice, VariantTimer } from "../core/tuning.ts";
import type { Device } from "../gpu/device.ts";
import type { ChooseVariant } from "./planner.ts";
import type { TuningMemory, Variants } from "./tuning_memory.ts";

export type { Variants } from "./tuning_memory.ts";

const SECONDS = 60;
/** A variant that the watchdog's limit cuts into more dispatches than this, and than twice the untuned plan's, is not tried. */
const FEW_DISPATCHES = 4;
/** What runs untuned stays unless another takes less than this share of its time: a smaller gain may be noise. */
const CLEARLY_FASTER = 0.95;

/** The choices that were made on a device, whether it was asked to tune or only to repeat what a saved training says. */
export class Tuning {
  /** What the choices hold for: the adapter, its limits and the runtime. */
  readonly adapter: string;
  readonly #device: Device;
  /** What was asked for; undefined where choices are only repeated. */
  readonly #options: TuneOptions | undefined;
  #memory: TuningMemory | undefined;
  readonly #timer: VariantTimer;
  readonly #choices = new Map<string, VariantChoice>();
  #remembered: Promise<Variants> | undefined;
  #secondsLeft: number;
  /** Only one program is measured at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(device: Device, options: TuneOptions | undefined) {
    this.#device = device;
    this.adapter = adapterKey(device);
    this.#options = options;
    this.#secondsLeft = options?.seconds ?? SECONDS;
    // What measures and remembers is loaded where that is asked for.
    this.#timer =
      options?.timer ?? (async (call, variant) => (await import("./time_call.ts")).timeCall(device, call, variant));
  }

  /** The choices so far, in the order in which they were made; none for kernels that have one way only here. */
  get choices(): readonly VariantChoice[] {
    return [...this.#choices.values()];
  }

  /** Why choices could not be read from the store or kept in it; undefined when all is well. Tuning goes on without. */
  get problem(): string | undefined {
    return this.#memory?.problem;
  }

  /**
   * How these calls are to run; undefined where nothing says so.
   * @param kept what comes before all else, and takes up the choices that are made
   */
  async chooserFor(calls: () => readonly KernelCall[], kept: Variants = new Map()): Promise<ChooseVariant | undefined> {
    if (this.#options === undefined && kept.size === 0) return undefined;
    const turn = this.#turn.then(() => this.#chooseAll(calls(), kept));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #chooseAll(calls: readonly KernelCall[], kept: Variants): Promise<ChooseVariant> {
    const chosen: Variants = new Map();
    const measured: Variants = new Map();
    for (const call of calls) {
      const key = callKey(call);
      if (key === undefined || chosen.has(key)) continue;
      const candidates = this.#candidates(call);
      if (candidates.length < 2) continue;
      const choice = await this.#choose(key, call, candidates, kept);
      if (choice === undefined) continue;
      chosen.set(key, choice.variant);
      kept.set(key, choice.variant);
      if (choice.from === "measured" && this.#choices.get(key) !== choice) {
        measured.set(key, entryFor(choice.variant, candidates));
      }
      this.#choices.set(key, choice);
    }
    if (measured.size > 0) await (await this.#remember()).add(measured);
    return (call) => {
      const key = callKey(call);
      return key === undefined ? undefined : chosen.get(key);
    };
  }

  async #choose(key: string, call: KernelCall, candidates: readonly Candidate[], kept: ReadonlyMap<string, string>) {
    const asked = (variant: string | undefined, from: ChoiceOrigin): VariantChoice | undefined =>
      candidates.some(({ names }) => variant !== undefined && names.includes(variant))
        ? { call: key, variant: variant as string, from }
        : undefined;
    const before = this.#choices.get(key);
    const saved = kept.get(key);
    if (saved !== undefined && saved === before?.variant) return before;
    const replayed = asked(saved, "replayed");
    if (replayed !== undefined || this.#options === undefined) return replayed;
    if (before !== undefined && before.from !== "replayed") return before;
    this.#remembered ??= this.#remember().then((memory) => memory.read());
    const entry = (await this.#remembered).get(key);
    const remembered = candidates.flatMap(({ names }) => names).find((name) => entry === entryFor(name, candidates));
    return asked(remembered, "remembered") ?? (await this.#measure(key, call, candidates));
  }

  async #remember(): Promise<TuningMemory> {
    const { TuningMemory: Memory } = await import("./tuning_memory.ts");
    this.#memory ??= new Memory(this.#options?.store, this.adapter);
    return this.#memory;
  }

  async #measure(key: string, call: KernelCall, candidates: readonly Candidate[]): Promise<VariantChoice> {
    const own = candidates.find(({ isDefault }) => isDefault) ?? (candidates[0] as Candidate);
    const most = Math.max(FEW_DISPATCHES, 2 * own.dispatches);
    const seconds: Record<string, number> = {};
    for (const { name, dispatches } of [own, ...candidates.filter((candidate) => candidate !== own)]) {
      if (this.#secondsLeft <= 0) return { call: key, variant: own.name, from: "default" };
      if (dispatches > most) continue;
      const began = performance.now();
      const time = await this.#timer(call, name).catch((error: unknown) => this.#refused(error));
      this.#secondsLeft -= (performance.now() - began) / 1000;
      if (time !== undefined) seconds[name] = time;
    }
    const [fastest] = Object.entries(seconds).sort(([, a], [, b]) => a - b);
    if (fastest === undefined) return { call: key, variant: own.name, from: "default" };
    const isClear = fastest[1] < (seconds[own.name] ?? Number.POSITIVE_INFINITY) * CLEARLY_FASTER;
    return { call: key, variant: isClear ? fastest[0] : own.name, from: "measured", seconds };
  }

  /** A variant that the device refuses is no candidate; a device that is gone is an error. */
  #refused(error: unknown): undefined {
    this.#device.assertUsable();
    if (!(error instanceof SluiceError)) throw error;
    return undefined;
  }

  /** The variants that can do this call here. Those with equal plans are one. */
  #candidates(call: KernelCall): Candidate[] {
    const byPlan = new Map<string, Candidate>();
    const own = JSON.stringify(call.plan(this.#device.traits));
    for (const name of call.variants ?? []) {
      try {
        const plan = call.plan(this.#device.traits, name);
        const text = JSON.stringify(plan);
        const names = [...(byPlan.get(text)?.names ?? []), name];
        const [first = name] = names;
        byPlan.set(text, { name: first, names, text, dispatches: plan.dispatches.length, isDefault: text === own });
      } catch (error) {
        // Such as a variant that needs subgroups, where there are none.
        if (!(error instanceof SluiceError)) throw error;
      }
    }
    return [...byPlan.values()];
  }
}

/** A way to do a call. */
interface Candidate {
  readonly name: string;
  /** Every name that leads to the same plan. */
  readonly names: readonly string[];
  /** The plan: shaders, their parameters and workgroups. */
  readonly text: string;
  readonly dispatches: number;
  /** True for what runs untuned. */
  readonly isDefault: boolean;
}

/** What the store keeps of a choice: it holds for these plans only, so that a kernel that has changed is measured anew. */
function entryFor(variant: string, candidates: readonly Candidate[]): string {
  return `${variant} of ${textHash(candidates.map(({ text }) => text).join("\n"))}`;
}

/** FNV-1a (Fowler, Noll & Vo), 32 bits, of the text's UTF-16 units. */
function textHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

const tunings = new WeakMap<Device, Tuning>();

/**
 * The choices between kernels' variants on a device: empty unless it was opened with `tune`, or a loaded training has choices.
 *
 * @example
 * using device = await requestDevice({ tune: true });
 * await model.fit(data);
 * for (const { call, variant } of tuningOf(device).choices) console.log(call, variant);
 */
export function tuningOf(device: Device): Tuning {
  let tuning = tunings.get(device);
  // After a loss the next adapter may be another.
  if (tuning === undefined || tuning.adapter !== adapterKey(device)) {
    tuning = new Tuning(device, device.tune);
    tunings.set(device, tuning);
  }
  return tuning;
}

/** Calls of equal keys are equally fast, variant by variant; undefined for calls that have no variants. */
function callKey({ kernel, variants, shapeClass }: KernelCall): string | undefined {
  return variants === undefined || shapeClass === undefined ? undefined : `${kernel} ${shapeClass}`;
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
