/** Options that contain layers, such as the layer of a wrapper. They are written from the layers themselves. */
import { FormatError } from "../core/errors.ts";
import { objectOf, show, textOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import type { Option } from "./options.ts";

/** A nested layer in the form of Sluice's configurations; `config` is still Keras's. */
export interface InnerLayer {
  readonly className: string;
  readonly config: JsonValue;
}

function readInner(value: JsonValue, what: string): InnerLayer {
  const fields = objectOf(value, what);
  const className = textOf(fields.get("class_name"), `${what}: class_name`);
  return { className, config: fields.get("config") ?? null };
}

const isWrittenElsewhere = (): JsonValue => null;

/** A layer. */
export function innerLayer(fallback?: null): Option {
  return { fallback, isLayer: true, read: readInner, write: isWrittenElsewhere };
}

/** A list of layers. */
export const innerLayers: Option = {
  fallback: undefined,
  isLayer: true,
  read(value, what) {
    if (Array.isArray(value) && value.length <= 100) return value.map((item) => readInner(item as JsonValue, what));
    throw new FormatError(`${what} is ${show(value)}; expected a list of cells`, { value });
  },
  write: isWrittenElsewhere,
};

const MODES = ["concat", "sum", "mul", "ave"];

/** How both directions are merged; Keras's null is "none" in Sluice. */
export const mergeMode: Option = {
  fallback: "concat",
  read(value, what) {
    if (value === null) return "none";
    if (MODES.includes(value as string)) return value;
    throw new FormatError(`${what} is ${show(value)}; expected one of ${MODES.join(", ")} or null`, { value });
  },
  write: (value) => (value === "none" ? null : (value as string)),
};
