/** What the callbacks share that watch one result: which it is, and whether it got better. */
import { camelCase } from "../../core/camel_case.ts";
import { ValueError } from "../../core/errors.ts";
import { finite, type OptionsOf, oneOf, text, withDefault } from "../../core/option_table.ts";
import type { Direction } from "../metrics/index.ts";
import type { Logs } from "../metrics/logs.ts";
import type { Training } from "./callback.ts";

/** Options of callbacks that watch a result. */
export interface MonitorOptions {
  /** The result's name in the logs. Default: "valLoss". */
  readonly monitor?: string;
  /** Whether less or more is better; what the metric says when "auto" or absent. */
  readonly mode?: "auto" | "min" | "max";
  /** Changes of at most this much are none. */
  readonly minDelta?: number;
}

/** The table of `MonitorOptions`. */
export const MONITOR = {
  monitor: withDefault(text, "valLoss"),
  mode: withDefault(oneOf(["auto", "min", "max"]), "auto"),
  minDelta: withDefault(finite, 0),
};

/** Watches one result. */
export class Monitor {
  readonly name: string;
  readonly #callback: string;
  readonly #mode: "auto" | "min" | "max";
  readonly #minDelta: number;
  #direction: Direction;
  #isKnown = false;

  constructor(callback: string, { monitor, mode, minDelta }: OptionsOf<typeof MONITOR>) {
    // `val_f1_score` is `valF1Score`.
    this.name = camelCase(monitor);
    this.#callback = callback;
    this.#mode = mode;
    this.#minDelta = Math.abs(minDelta);
  }

  /**
   * @throws ValueError if the training has no such result, or does not know whether more of it is better. With `mode`
   * said, it may be a result that a callback adds to the logs.
   */
  begin({ logNames, directionOf }: Training): void {
    this.#isKnown = logNames.includes(this.name.replace(/\[\d+\]$/, ""));
    if (!this.#isKnown && this.#mode === "auto") {
      const lacksValidation = /^val[A-Z]/.test(this.name) && !logNames.some((name) => name.startsWith("val"));
      throw this.#missing(logNames, lacksValidation ? "Give fit validationData or validationSplit, or set" : "Set");
    }
    this.#direction = this.#mode === "auto" ? directionOf(this.name) : this.#mode === "min" ? "down" : "up";
    if (this.#direction === undefined) {
      throw new ValueError(
        `${this.#callback}: whether more or less of "${this.name}" is better is not known; set mode to "min" or "max"`,
        { monitor: this.name },
      );
    }
  }

  #missing(names: readonly string[], advice: string): ValueError {
    return new ValueError(
      `${this.#callback}: the training has no result "${this.name}"; it has ${names.join(", ")}. ${advice} ` +
        "monitor to one of these.",
      { monitor: this.name, names },
    );
  }

  /** What anything is better than. */
  get worst(): number {
    return this.#direction === "down" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /**
   * The watched result among the logs; undefined after an epoch that was not validated.
   * @throws ValueError if it is not there at all, or the metric has several results, of which none is named.
   */
  of(logs: Logs): number | undefined {
    const value = logs[this.name];
    if (value !== undefined) return value;
    const several = Object.keys(logs).filter((name) => name.startsWith(`${this.name}[`));
    if (several.length === 0 && this.#isKnown) return undefined;
    if (several.length === 0) throw this.#missing(Object.keys(logs), "Set");
    throw new ValueError(
      `${this.#callback}: "${this.name}" has ${several.length} results; set monitor to one of ${several.join(", ")}`,
      { monitor: this.name, results: several },
    );
  }

  /** True when `value` is better than `reference` by more than minDelta. */
  isBetter(value: number, reference: number): boolean {
    return this.#direction === "down" ? value + this.#minDelta < reference : value - this.#minDelta > reference;
  }
}

/** JSON knows no infinity: null stands for "none yet". */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
