/** What `sluice/embed` asks of arguments: plain JavaScript has no compiler that would. */
import { ValueError } from "../core/errors.ts";
import type { Device } from "../runtime/device.ts";

/** Longer vectors are refused. */
const MOST_DIMENSIONS = 65536;

/** What a value is, for a message: `null`, `number`, `Map`. */
export function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** A value for a message: texts cut short and in quotes. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  return typeof value === "object" || typeof value === "function" ? kindOf(value) : String(value);
}

/** @throws ValueError unless it is a device. */
export function checkDevice(what: string, device: Device): void {
  if (typeof device === "object" && device !== null && "traits" in device) return;
  throw new ValueError(`${what}: the device is ${kindOf(device)}; expected what requestDevice() gives`);
}

/** The options. @throws ValueError unless they are an object. */
export function checkOptions<T extends object>(what: string, options: T, example: string): T {
  if (typeof options === "object" && options !== null) return options;
  throw new ValueError(`${what}: the options are ${show(options)}; expected an object, such as ${example}`);
}

/** @throws ValueError unless vectors can be so wide. */
export function checkDimension(what: string, dimension: number): void {
  if (Number.isSafeInteger(dimension) && dimension >= 1 && dimension <= MOST_DIMENSIONS) return;
  throw new ValueError(
    `${what}: the dimension is ${show(dimension)}; expected a whole number from 1 to ${MOST_DIMENSIONS}: the numbers of a vector`,
    { dimension },
  );
}

/** The texts, one by one. @throws ValueError for one text where several are expected, or one that is no string. */
export function* checkedTexts(what: string, texts: Iterable<string>): Generator<string, void, undefined> {
  const given: unknown = texts;
  if (typeof given !== "object" || given === null || !(Symbol.iterator in given)) {
    throw new ValueError(`${what}: got ${kindOf(given)}; expected texts: an array of strings`);
  }
  let index = 0;
  for (const text of texts) {
    if (typeof text !== "string") {
      throw new ValueError(`${what}: text ${index} is ${kindOf(text)}; expected a string`, { index });
    }
    yield text;
    index++;
  }
}
