/** The kernel variants in a saved model, so that a resumed training run uses the same ones without tuning again. */
import type { JsonValue } from "../../io/strict_json.ts";
import type { Device } from "../../runtime/device.ts";
import { tuningOf, type Variants } from "../../runtime/measure/tune.ts";
import { asText, field, fieldsOf } from "./saved_fields.ts";

/** Serializes variants for `training.variants`. They apply only to the adapter that they were chosen for. */
export function variantsToJson(device: Device, variants: Variants) {
  return { adapter: tuningOf(device).adapter, choices: Object.fromEntries(variants) };
}

/**
 * The saved variants for this device; empty if they were chosen for another adapter.
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
