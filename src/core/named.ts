/** Looks up objects by name, such as losses and activations. */
import { ValueError } from "./errors.ts";

/** Alternative names of a table's entries. */
type Aliases = Readonly<Record<string, string>>;

/** Normalizes a name's spelling: `hard_sigmoid`, `hardSigmoid` and `HardSigmoid` become equal. */
export const plainName = (name: string) => name.replaceAll("_", "").toLowerCase();

/** Finds the key of `table` that `name` or an alias denotes, in any spelling; undefined if there is none. */
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
  return refuseName(what, name, [...Object.keys(table), ...Object.keys(aliases)]);
}

function refuseName(what: string, name: string, known: readonly string[]): never {
  throw new ValueError(`unknown ${what} "${name}"; expected one of ${known.join(", ")}`, { [what]: name });
}

/** Thrown when a name refers to code that is not loaded yet. `whenLoaded` loads it and tries again. */
export class NotLoaded extends Error {
  readonly load: () => Promise<void>;

  constructor(load: () => Promise<void>) {
    super("the code behind a name is not loaded yet");
    this.load = load;
  }
}

/** Returns the result of `build`, or a promise of it if code has to be loaded first. `build` may run several times. */
export function whenLoaded<T>(build: () => T): T | Promise<T> {
  try {
    return build();
  } catch (error) {
    if (error instanceof NotLoaded) return error.load().then(() => whenLoaded(build));
    throw error;
  }
}

/** The parts of a `Registry`. */
export interface RegistryParts<T> {
  /** The kind of entry, for error messages: "loss". */
  readonly what: string;
  /** The entries that are part of every bundle. */
  readonly common: Readonly<Record<string, T>>;
  /** The names of all other entries, and a function that loads them. */
  readonly others: readonly string[];
  readonly load: () => Promise<Readonly<Record<string, T>>>;
  readonly aliases?: Aliases;
}

/** Entries by name. The common ones are available at once; the others are loaded when one of them is named. */
export class Registry<T> {
  readonly #parts: RegistryParts<T>;
  #entries: Readonly<Record<string, T>>;

  constructor(parts: RegistryParts<T>) {
    this.#parts = parts;
    this.#entries = parts.common;
  }

  /** The known names without aliases. */
  get names(): readonly string[] {
    return [...Object.keys(this.#parts.common), ...this.#parts.others];
  }

  /** The canonical name for any spelling or alias; undefined for an unknown name. */
  nameOf(given: string): string | undefined {
    const { common, others, aliases } = this.#parts;
    return keyNamed({ ...common, ...Object.fromEntries(others.map((name) => [name, true])) }, given, aliases);
  }

  /**
   * The entry of a name in any spelling; undefined for an unknown name.
   * @throws NotLoaded for an entry whose code is not loaded yet.
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

  /** Like `find`, but throws for unknown names. @throws ValueError that lists the known names. */
  get(given: string): T {
    const entry = this.find(given);
    if (entry !== undefined) return entry;
    const { what, aliases = {} } = this.#parts;
    return refuseName(what, given, [...this.names, ...Object.keys(aliases)]);
  }
}
