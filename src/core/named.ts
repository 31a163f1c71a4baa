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
