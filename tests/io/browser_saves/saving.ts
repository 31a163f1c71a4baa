/** What the page and the worker of browsers.test.ts have in common: saves of a number, and saving without an end. */
import { openBrowserSaves } from "../../../src/index.ts";

/** Large enough that a save takes some time, in parts that must agree. */
const PART_BYTES = 300_000;
const PARTS = 4;

// A worker cannot ask for it, and is not to stumble over that; Firefox asks the user, who is not there.
const saves = await openBrowserSaves({ persist: !("document" in globalThis) });

/** What the test calls. */
export const saving = {
  async save(name: string, value: number): Promise<string | undefined> {
    const parts = Array.from(
      { length: PARTS },
      (_, part) => [`part-${part}`, new Uint8Array(PART_BYTES).fill(value)] as const,
    );
    try {
      await saves.save(name, new Map(parts));
      return undefined;
    } catch (error) {
      return String(error);
    }
  },
  /** The number, -1 when parts or bytes differ, or the error. */
  async load(name: string): Promise<number | string> {
    try {
      const parts = [...(await saves.load(name)).values()];
      const value = parts[0]?.[0] ?? -1;
      const isWhole =
        parts.length === PARTS &&
        parts.every((part) => part.length === PART_BYTES && part.every((byte) => byte === value));
      return isWhole ? value : -1;
    } catch (error) {
      return String(error);
    }
  },
  remove: (name: string) => saves.remove(name),
  names: async () => (await saves.list()).map(({ name }) => name),
  /** Saves 1, 2, … 250, 1, …; `onSaved` is told of each. */
  async saveForever(name: string, onSaved: (value: number) => void): Promise<never> {
    for (let save = 0; ; save++) {
      const value = 1 + (save % 250);
      const error = await saving.save(name, value);
      if (error !== undefined) throw new Error(error);
      onSaved(value);
    }
  },
};

/** Calls by message, for the worker. */
export type Call = "save" | "load" | "saveForever";
