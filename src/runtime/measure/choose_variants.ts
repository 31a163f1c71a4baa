/**
 * Chooses the variants of kernels: as saved with a training run, as remembered by the store, or by measurement. Loaded
 * only when one of these is needed.
 */
import { SluiceError } from "../../core/errors.ts";
import type { KernelCall } from "../../core/kernel_call.ts";
import type { ChoiceOrigin, TuneOptions, VariantChoice } from "../../core/tuning.ts";
import type { Device } from "../../gpu/device.ts";
import type { ChooseVariant } from "../plan/planner.ts";
import { timeCall } from "./time_call.ts";
import { TuningMemory, type Variants } from "./tuning_memory.ts";

const SECONDS = 60;
/**
 * A variant is skipped if the watchdog's limit splits it into more than this many dispatches and into more than twice
 * as many as the default plan.
 */
const FEW_DISPATCHES = 4;
/** The default variant is kept unless another takes less than this share of its time: a smaller gain may be noise. */
const CLEARLY_FASTER = 0.95;

/** Chooses variants for one adapter, one program at a time. */
export class VariantChooser {
  readonly #device: Device;
  /** The options for tuning; undefined if choices are only replayed. */
  readonly #options: TuneOptions | undefined;
  readonly #memory: TuningMemory;
  readonly #choices = new Map<string, VariantChoice>();
  #remembered: Promise<Variants> | undefined;
  #secondsLeft: number;

  constructor(device: Device, adapter: string, options: TuneOptions | undefined) {
    this.#device = device;
    this.#options = options;
    this.#memory = new TuningMemory(options?.store, adapter);
    this.#secondsLeft = options?.seconds ?? SECONDS;
  }

  /** The choices so far. */
  get choices(): readonly VariantChoice[] {
    return [...this.#choices.values()];
  }

  /** The store's last error. */
  get problem(): string | undefined {
    return this.#memory.problem;
  }

  /** Chooses the variants of these calls. `kept` takes precedence, and receives new choices. */
  async chooseAll(calls: readonly KernelCall[], kept: Variants): Promise<ChooseVariant> {
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
    if (measured.size > 0) await this.#memory.add(measured);
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
    this.#remembered ??= this.#memory.read();
    const entry = (await this.#remembered).get(key);
    const remembered = candidates.flatMap(({ names }) => names).find((name) => entry === entryFor(name, candidates));
    return asked(remembered, "remembered") ?? (await this.#measure(key, call, candidates));
  }

  async #measure(key: string, call: KernelCall, candidates: readonly Candidate[]): Promise<VariantChoice> {
    const own = candidates.find(({ isDefault }) => isDefault) ?? (candidates[0] as Candidate);
    const most = Math.max(FEW_DISPATCHES, 2 * own.dispatches);
    const seconds: Record<string, number> = {};
    for (const { name, dispatches } of [own, ...candidates.filter((candidate) => candidate !== own)]) {
      if (this.#secondsLeft <= 0) return { call: key, variant: own.name, from: "default" };
      if (dispatches > most) continue;
      const began = performance.now();
      const time = await this.#time(call, name).catch((error: unknown) => this.#refused(error));
      this.#secondsLeft -= (performance.now() - began) / 1000;
      if (time !== undefined) seconds[name] = time;
    }
    const [fastest] = Object.entries(seconds).sort(([, a], [, b]) => a - b);
    if (fastest === undefined) return { call: key, variant: own.name, from: "default" };
    const isClear = fastest[1] < (seconds[own.name] ?? Number.POSITIVE_INFINITY) * CLEARLY_FASTER;
    return { call: key, variant: isClear ? fastest[0] : own.name, from: "measured", seconds };
  }

  #time(call: KernelCall, variant: string): Promise<number> {
    return this.#options?.timer?.(call, variant) ?? timeCall(this.#device, call, variant);
  }

  /** A variant that the device rejects is skipped; a lost device is an error. */
  #refused(error: unknown): undefined {
    this.#device.assertUsable();
    if (!(error instanceof SluiceError)) throw error;
    return undefined;
  }

  /** The variants that can execute this call on the device. Variants with equal plans are one candidate. */
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
        // Such as a variant that needs subgroups on an adapter without them.
        if (!(error instanceof SluiceError)) throw error;
      }
    }
    return [...byPlan.values()];
  }
}

/** A candidate for a call. */
interface Candidate {
  readonly name: string;
  /** All variant names that produce this plan. */
  readonly names: readonly string[];
  /** The plan as a string: shaders, parameters and workgroups. */
  readonly text: string;
  readonly dispatches: number;
  /** True for the default variant. */
  readonly isDefault: boolean;
}

/**
 * The store's entry for a choice. It contains a hash of the candidates' plans, so a kernel that has changed is measured
 * again.
 */
function entryFor(variant: string, candidates: readonly Candidate[]): string {
  return `${variant} of ${textHash(candidates.map(({ text }) => text).join("\n"))}`;
}

/** FNV-1a (Fowler, Noll & Vo), 32 bits, of the string's UTF-16 code units. */
function textHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** Calls with equal keys are equally fast in every variant; undefined for calls without variants. */
function callKey({ kernel, variants, shapeClass }: KernelCall): string | undefined {
  return variants === undefined || shapeClass === undefined ? undefined : `${kernel} ${shapeClass}`;
}
