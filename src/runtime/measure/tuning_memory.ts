/**
 * The choices in a store: by adapter and class of calls, a variant with a hash of the plans that it was chosen from.
 * Damaged or foreign contents are treated as empty.
 */
import { AbortError } from "../../core/errors.ts";
import { inTurn } from "../../core/in_turn.ts";
import { raceAbort } from "../../core/race.ts";
import type { TuningStore } from "../../core/tuning.ts";
import { fileText, keptText } from "../../platform/stored_text.ts";

/** Variants by the class of the call. */
export type Variants = Map<string, string>;

const FORMAT = "sluice-tuning";
const VERSION = 1;
/** How long to wait for the store, in milliseconds; tuning then continues without it. */
const PATIENCE = 5000;

/** The default store of choices. */
export const keptChoices = (): TuningStore => keptText("tuning.json");

/** Reads and writes one adapter's choices. */
export class TuningMemory {
  /** The store's last error, if any: the next run then measures these choices again. */
  problem: string | undefined;
  readonly #store: TuningStore;
  readonly #adapter: string;
  /** Equal for all objects that share a store. */
  readonly #key: TuningStore | string;

  constructor(store: TuningStore | string | undefined, adapter: string) {
    this.#store = typeof store === "string" ? fileText(store) : (store ?? keptChoices());
    this.#adapter = adapter;
    this.#key = store ?? "";
  }

  /** Reads the choices for this adapter. */
  async read(): Promise<Variants> {
    return (await this.#readAll()).get(this.#adapter) ?? new Map();
  }

  /**
   * Merges choices into the store, which another program may have changed meanwhile. If two programs write at the same
   * moment, one may lose its choices; it then measures them again.
   */
  add(fresh: ReadonlyMap<string, string>): Promise<void> {
    return inTurn(this.#key, () => this.#add(fresh));
  }

  async #add(fresh: ReadonlyMap<string, string>): Promise<void> {
    const all = await this.#readAll();
    all.set(this.#adapter, new Map([...(all.get(this.#adapter) ?? []), ...fresh]));
    const adapters = Object.fromEntries([...all].map(([adapter, variants]) => [adapter, Object.fromEntries(variants)]));
    try {
      await answerOf(this.#store.write(`${JSON.stringify({ format: FORMAT, version: VERSION, adapters }, null, 1)}\n`));
    } catch (error) {
      this.problem = String(error);
    }
  }

  async #readAll(): Promise<Map<string, Variants>> {
    try {
      const text = await answerOf(this.#store.read());
      return text === undefined ? new Map() : parseTuning(text);
    } catch (error) {
      this.problem = String(error);
      return new Map();
    }
  }
}

/** @throws Error when the store does not respond in time. */
async function answerOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await raceAbort(answer, AbortSignal.timeout(PATIENCE));
  } catch (error) {
    throw error instanceof AbortError ? new Error(`the tuning store did not respond within ${PATIENCE} ms`) : error;
  }
}

/** @throws Error when the string is not of this format and version. */
function parseTuning(text: string): Map<string, Variants> {
  const file = entriesOf(JSON.parse(text));
  if (file.get("format") !== FORMAT || file.get("version") !== VERSION) {
    throw new Error(`the tuning store contains something else; expected "${FORMAT}" of version ${VERSION}`);
  }
  return new Map(
    [...entriesOf(file.get("adapters"))].map(([adapter, variants]) => {
      const known = [...entriesOf(variants)].filter((entry): entry is [string, string] => typeof entry[1] === "string");
      return [adapter, new Map(known)];
    }),
  );
}

function entriesOf(value: unknown): Map<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error("the tuning store is damaged");
  return new Map(Object.entries(value));
}
