/** Looks up objects by name, such as losses and activations. */
import { ValueError } from "./errors.ts";

/** Further names for a table's entries. */
type Aliases = Readonly<Record<string, string>>;

/** Normalizes a name's spelling: `hard_sigmoid`, `hardSigmoid` and `HardSigmoid` become equal. */
export const plainName = (name: string) => name.replaceAll("_", "").toLowerCase();

/** The key of `table` that is `name` in some spelling, or that an alias stands for; undefined when there is none. */
export function keyNamed(table: object, name: string, aliases: Aliases = {}): string | undefined {
  const keyIn = (names: object) => Object.keys(names).find((known) => plainName(known) === plainName(name));
  return keyIn(table) ?? aliases[keyIn(aliases) ?? ""];
}

/**
 * Like `keyNamed`, and also returns the entry.
 * @throws ValueError that lists the known names.
 */
export function entryNamed<T>(
  what: string,
  table: Readonly<Record<string, T>>,
  name: string,
  aliases: Aliases = {},
): readonly [key: string, entry: T] {
  const key = keyNamed(table, name, aliases);
  if (key !== undefined) return [key, table[key] as T];
  const known = [...Object.keys(table), ...Object.keys(aliases)].join(", ");
  throw new ValueError(`unknown ${what} "${name}"; expected one of ${known}`, { [what]: name });
}

/** Thrown where a name stands for code that is not loaded yet: load it, then try again. See `whenLoaded`. */
export class NotLoaded extends Error {
  readonly load: () => Promise<void>;

  constructor(load: () => Promise<void>) {
    super("the code behind a name is not loaded yet");
    this.load = load;
  }
}

/** The result of `build`; a promise of it if code has to be loaded first. `build` may run several times. */
export function whenLoaded<T>(build: () => T): T | Promise<T> {
  try {
    return build();
  } catch (error) {
    if (error instanceof NotLoaded) return error.load().then(() => whenLoaded(build));
    throw error;
  }
}

/** How a `Registry` is made. */
export interface RegistryParts<T> {
  /** What the names stand for, in messages: "loss". */
  readonly what: string;
  /** The entries that every page carries. */
  readonly common: Readonly<Record<string, T>>;
  /** The names of all others, and how they are loaded. */
  readonly others: readonly string[];
  readonly load: () => Promise<Readonly<Record<string, T>>>;
  readonly aliases?: Aliases;
}

/** Entries by name. The common ones are at hand, all others are loaded when one of them is named. */
export class Registry<T> {
  readonly #parts: RegistryParts<T>;
  #entries: Readonly<Record<string, T>>;

  constructor(parts: RegistryParts<T>) {
    this.#parts = parts;
    this.#entries = parts.common;
  }

  /** The known names, aliases excepted. */
  get names(): readonly string[] {
    return [...Object.keys(this.#parts.common), ...this.#parts.others];
  }

  /** The name as it is written here, for any spelling or alias of it; undefined when it is unknown. */
  nameOf(given: string): string | undefined {
    const { common, others, aliases } = this.#parts;
    return keyNamed({ ...common, ...Object.fromEntries(others.map((name) => [name, true])) }, given, aliases);
  }

  /**
   * The entry of a name in any spelling; undefined for an unknown name.
   * @throws NotLoaded for an entry whose code has to be loaded first.
   */
  find(given: string): T | undefined {
    const name = this.nameOf(given);
    if (name === undefined) return undefined;
    if (!Object.hasOwn(this.#entries, name)) {
      throw new NotLoaded(async () => {
        this.#entries = { ...this.#parts.common, ...(await this.#parts.load()) };
      });
    }
    return this.#entries[name];
  }

  /** As `find`. @throws ValueError that lists the known names, for an unknown one. */
  get(given: string): T {
    const entry = this.find(given);
    if (entry !== undefined) return entry;
    const { what, aliases = {} } = this.#parts;
    const known = [...this.names, ...Object.keys(aliases)].join(", ");
    throw new ValueError(`unknown ${what} "${given}"; expected one of ${known}`, { [what]: given });
  }
}
