/** Shared by callbacks that monitor one result: finds it in the logs and decides whether it improved. */
import { camelCase } from "../../core/camel_case.ts";
import { ValueError } from "../../core/errors.ts";
import { finite, type OptionsOf, oneOf, text, withDefault } from "../../core/option_table.ts";
import type { Direction } from "../metrics/index.ts";
import type { Logs } from "../metrics/logs.ts";
import type { Training } from "./callback.ts";

/** Options of callbacks that monitor a result. */
export interface MonitorOptions {
  /** The result's name in the logs. Default: "valLoss". */
  readonly monitor?: string;
  /** Whether lower ("min") or higher ("max") is better; "auto" asks the metric. Default: "auto". */
  readonly mode?: "auto" | "min" | "max";
  /** Changes of at most this size do not count as improvements. */
  readonly minDelta?: number;
}

/** The table of `MonitorOptions`. */
export const MONITOR = {
  monitor: withDefault(text, "valLoss"),
  mode: withDefault(oneOf(["auto", "min", "max"]), "auto"),
  minDelta: withDefault(finite, 0),
};

/** Monitors one result. */
export class Monitor {
  readonly name: string;
  readonly #callback: string;
  readonly #mode: "auto" | "min" | "max";
  readonly #minDelta: number;
  #direction: Direction;
  #isKnown = false;

  constructor(callback: string, { monitor, mode, minDelta }: OptionsOf<typeof MONITOR>) {
    // Accepts Keras's spelling: `val_f1_score` becomes `valF1Score`.
    this.name = camelCase(monitor);
    this.#callback = callback;
    this.#mode = mode;
    this.#minDelta = Math.abs(minDelta);
  }

  /**
   * @throws ValueError if the training run has no such result, or it is unknown whether higher is better. With an
   * explicit `mode`, the result may be one that a callback adds to the logs.
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
        `${this.#callback}: it is unknown whether a higher "${this.name}" is better; set mode to "min" or "max"`,
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

  /** The value that any other value improves on. */
  get worst(): number {
    return this.#direction === "down" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /**
   * The monitored result in the logs; undefined after an epoch without validation.
   * @throws ValueError if the result does not exist, or the metric has several results and `monitor` does not name one
   * of them.
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

/** JSON cannot represent infinity: null means "no value yet". */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
