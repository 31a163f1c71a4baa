/** Checks of arguments for `sluice/embed`, because JavaScript callers have no compiler that checks them. */
import { ValueError } from "../core/errors.ts";
import { expectOptions, type OptionNames, shown } from "../core/options.ts";
import type { Device } from "../runtime/device.ts";

/** The largest dimension of vectors. */
const MOST_DIMENSIONS = 65536;

/** @throws ValueError unless it is a device. */
export function checkDevice(what: string, device: Device): void {
  if (typeof device === "object" && device !== null && "traits" in device) return;
  throw new ValueError(`${what}: the device is ${shown(device)}; expected the result of requestDevice()`);
}

/** The options. @throws ValueError unless they are an object, of options that there are. */
export function checkOptions<T extends object>(what: string, options: T, known: OptionNames<T>): T {
  checkObject(what, "options", options, Object.keys(known));
  expectOptions(what, options, known);
  return options;
}

/** @throws ValueError unless it is an object; the error says of what members. */
export function checkObject(what: string, name: string, given: unknown, members: readonly string[]): void {
  if (typeof given === "object" && given !== null) return;
  throw new ValueError(`${what}: the ${name} are ${shown(given)}; expected an object: { ${members.join(", ")} }`);
}

/** @throws ValueError unless it is a valid dimension. */
export function checkDimension(what: string, dimension: number): void {
  if (Number.isSafeInteger(dimension) && dimension >= 1 && dimension <= MOST_DIMENSIONS) return;
  throw new ValueError(
    `${what}: the dimension is ${shown(dimension)}; expected a whole number from 1 to ${MOST_DIMENSIONS}: the ` +
      "numbers of a vector",
    { dimension },
  );
}

/** The texts, one by one. @throws ValueError for a single text instead of several, or a text that is not a string. */
export function* checkedTexts(what: string, texts: Iterable<string>): Generator<string, void, undefined> {
  const given: unknown = texts;
  if (typeof given !== "object" || given === null || !(Symbol.iterator in given)) {
    throw new ValueError(`${what}: got ${shown(given)}; expected texts: an array of strings`);
  }
  let index = 0;
  for (const text of texts) {
    if (typeof text !== "string") {
      throw new ValueError(`${what}: text ${index} is ${shown(text)}; expected a string`, { index });
    }
    yield text;
    index++;
  }
}
