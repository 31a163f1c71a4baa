/** What the page and the worker of browsers.test.ts have in common: saves of a number, and saving without an end. */
import { openBrowserSaves } from "../../../src/index.ts";

/** Large enough that a save takes some time, in parts that must agree; each is a number over and over, of 4 bytes. */
const PART_NUMBERS = 75_000;
const PARTS = 4;

// A worker cannot ask for it, and is not to stumble over that; Firefox asks the user, who is not there.
const saves = await openBrowserSaves({ persist: !("document" in globalThis) });

/** What the test calls. */
export const saving = {
  async save(name: string, value: number): Promise<string | undefined> {
    const parts = Array.from(
      { length: PARTS },
      (_, part) => [`part-${part}`, new Uint8Array(new Uint32Array(PART_NUMBERS).fill(value).buffer)] as const,
    );
    try {
      await saves.save(name, new Map(parts));
      return undefined;
    } catch (error) {
      return String(error);
    }
  },
  /** Two saves, of which the first is not awaited. */
  async saveTwice(name: string, first: number, second: number): Promise<string | undefined> {
    const errors = await Promise.all([saving.save(name, first), saving.save(name, second)]);
    return errors.find((error) => error !== undefined);
  },
  /** The number, -1 when parts or numbers differ, or the error. */
  async load(name: string): Promise<number | string> {
    try {
      const files = [...(await saves.load(name)).values()];
      const parts = files.map(
        ({ buffer, byteOffset, byteLength }) => new Uint32Array(buffer, byteOffset, byteLength / 4),
      );
      const value = parts[0]?.[0] ?? -1;
      const isWhole =
        parts.length === PARTS &&
        parts.every((part) => part.length === PART_NUMBERS && part.every((number) => number === value));
      return isWhole ? value : -1;
    } catch (error) {
      return String(error);
    }
  },
  remove: (name: string) => saves.remove(name),
  names: async () => (await saves.list()).map(({ name }) => name),
  /** Saves 1, 2, …; `onSaved` is told of each. */
  async saveForever(name: string, onSaved: (value: number) => void): Promise<never> {
    for (let value = 1; ; value++) {
      const error = await saving.save(name, value);
      if (error !== undefined) throw new Error(error);
      onSaved(value);
    }
  },
};

/** Calls by message, for the worker. */
export type Call = "save" | "load" | "saveForever";
