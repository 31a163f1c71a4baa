/** Argument checks of `sluice/embed`. */
import { ValueError } from "../core/errors.ts";
import { upTo } from "../core/option_table.ts";
import { shown } from "../core/options.ts";

/** The dimension of a vector. */
export const dimensionKind = upTo(65536);

/** Yields the texts. @throws ValueError for a single text instead of several, or a text that is not a string. */
export function* checkedTexts(what: string, texts: Iterable<string>): Generator<string, void, undefined> {
  const given: unknown = texts;
  if (
    typeof given !== "object" ||
    given === null ||
    typeof Reflect.get(given, Symbol.iterator) !== "function" ||
    ArrayBuffer.isView(given)
  ) {
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
