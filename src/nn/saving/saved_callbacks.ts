/** The states of callbacks in a saved model: JSON among the training's state, arrays among the optimizer's tensors. */
import { FormatError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { JsonValue } from "../../io/strict_json.ts";
import type { CallbackState, CallbackStates } from "../callbacks/callback.ts";
import { field, fieldsOf } from "./saved_fields.ts";

/** Names of these tensors begin so; a layer's name has no such start. */
const PREFIX = "callbacks/";

/** States as JSON, and their arrays by name. */
export function packCallbacks(states: CallbackStates): {
  readonly json: Readonly<Record<string, { readonly json: JsonValue; readonly arrays: number }>>;
  readonly tensors: ReadonlyMap<string, NdArray>;
} {
  const tensors = new Map<string, NdArray>();
  const json = Object.fromEntries(
    Object.entries(states).map(([key, { json, arrays = [] }]) => {
      for (const [index, array] of arrays.entries()) tensors.set(`${PREFIX}${key}/${index}`, array);
      return [key, { json, arrays: arrays.length }];
    }),
  );
  return { json, tensors };
}

/** The states again. @throws FormatError when the arrays do not fit. */
export function unpackCallbacks(value: JsonValue | undefined, tensors: ReadonlyMap<string, NdArray>): CallbackStates {
  if (value === undefined) return {};
  const entries = Object.entries(fieldsOf(value, "training.callbacks")).map(([key, item]): [string, CallbackState] => {
    const fields = fieldsOf(item, `training.callbacks.${key}`);
    const count = field(fields, "arrays", "number", `training.callbacks.${key}`);
    const arrays = Array.from({ length: count }, (_, index) => {
      const array = tensors.get(`${PREFIX}${key}/${index}`);
      if (array !== undefined) return array;
      throw new FormatError(
        `optimizer.safetensors lacks "${PREFIX}${key}/${index}"; the files belong to different saves`,
      );
    });
    return [key, { json: fields.json ?? null, ...(count === 0 ? {} : { arrays }) }];
  });
  return Object.fromEntries(entries);
}

/** The tensors that are a callback's, and the others. */
export function partTensors(tensors: ReadonlyMap<string, NdArray>): {
  readonly own: ReadonlyMap<string, NdArray>;
  readonly others: ReadonlyMap<string, NdArray>;
} {
  const all = [...tensors];
  return {
    own: new Map(all.filter(([name]) => name.startsWith(PREFIX))),
    others: new Map(all.filter(([name]) => !name.startsWith(PREFIX))),
  };
}
