/** Callback states in a saved model: JSON in the training state, arrays with the optimizer's tensors. */
import { FormatError } from "../../core/errors.ts";
import { countOf } from "../../core/json_check.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { JsonValue } from "../../io/strict_json.ts";
import type { CallbackState, CallbackStates } from "../callbacks/callback.ts";
import { fieldsOf } from "./saved_fields.ts";

/** The name prefix of these tensors. */
const PREFIX = "callbacks/";

/** Splits states into JSON and arrays by name. */
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

/**
 * Separates the callback states from the other tensors. Full names are compared, because a layer may also be called
 * "callbacks".
 * @throws FormatError if an array is missing.
 */
export function unpackCallbacks(
  value: JsonValue | undefined,
  tensors: ReadonlyMap<string, NdArray>,
): { readonly states: CallbackStates; readonly others: ReadonlyMap<string, NdArray> } {
  const others = new Map(tensors);
  const take = (name: string): NdArray => {
    const array = others.get(name);
    others.delete(name);
    if (array !== undefined) return array;
    throw new FormatError(`optimizer.safetensors lacks "${name}"; the files belong to different saves`);
  };
  const entries = Object.entries(fieldsOf(value ?? {}, "training.callbacks")).map(
    ([key, item]): [string, CallbackState] => {
      const fields = fieldsOf(item, `training.callbacks.${key}`);
      const count = countOf(fields.arrays, `training.callbacks.${key}.arrays`, others.size);
      const arrays = Array.from({ length: count }, (_, index) => take(`${PREFIX}${key}/${index}`));
      return [key, { json: fields.json ?? null, ...(count === 0 ? {} : { arrays }) }];
    },
  );
  return { states: Object.fromEntries(entries), others };
}
