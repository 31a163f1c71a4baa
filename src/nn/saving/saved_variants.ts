/**
 * Which variants of the kernels a training ran, as a saved model holds it: a resumed training runs the same, measured
 * or not.
 */
import type { JsonValue } from "../../io/strict_json.ts";
import type { Device } from "../../runtime/device.ts";
import { tuningOf, type Variants } from "../../runtime/measure/tune.ts";
import { asText, field, fieldsOf } from "./saved_fields.ts";

/** What `training.variants` holds. They are of use on the adapter alone that they were chosen for. */
export function variantsToJson(device: Device, variants: Variants) {
  return { adapter: tuningOf(device).adapter, choices: Object.fromEntries(variants) };
}

/**
 * The variants that a saved training asks for on this device: none when it ran on another adapter.
 * @throws FormatError if they are damaged.
 */
export function variantsFromJson(device: Device, value: JsonValue | undefined): Variants {
  if (value === undefined) return new Map();
  const what = "training.variants";
  const fields = fieldsOf(value, what);
  const choices = Object.entries(fieldsOf(fields.choices, `${what}.choices`)).map(
    ([call, variant]) => [call, asText(variant, `${what}.choices["${call}"]`)] as const,
  );
  return new Map(field(fields, "adapter", "string", what) === tuningOf(device).adapter ? choices : []);
}
