import type { JsonValue } from "../../io/strict_json.ts";
import type { TrainingState } from "../training/training_state.ts";
import { asNumber, field, fieldsOf, listOf } from "./saved_fields.ts";

/** JSON has no NaN: it is saved as null. */
const asResult = (value: JsonValue, what: string): number => (value === null ? Number.NaN : asNumber(value, what));

/** @throws FormatError if a field is missing or has the wrong type. */
export function checkTraining(value: JsonValue): TrainingState {
  const fields = fieldsOf(value, "training");
  const number = (name: string) => field(fields, name, "number", "training");
  return {
    seed: number("seed"),
    epochs: number("epochs"),
    batchSize: number("batchSize"),
    shuffle: field(fields, "shuffle", "boolean", "training"),
    epoch: number("epoch"),
    batch: number("batch"),
    iteration: number("iteration"),
    size: number("size"),
    ...(fields.microBatchSize !== undefined && { microBatchSize: number("microBatchSize") }),
    ...(fields.stepsPerEpoch !== undefined && { stepsPerEpoch: number("stepsPerEpoch") }),
    ...(fields.initialEpoch !== undefined && { initialEpoch: number("initialEpoch") }),
    sums: listOf(fields.sums, "training.sums", asResult),
    records: listOf(fields.records, "training.records", (item, what) => {
      const record = fieldsOf(item, what);
      const logs = fieldsOf(record.logs, `${what}.logs`);
      return {
        epoch: field(record, "epoch", "number", what),
        seconds: field(record, "seconds", "number", what),
        logs: Object.fromEntries(
          Object.entries(logs).map(([name, result]) => [name, asResult(result, `${what}.logs.${name}`)]),
        ),
      };
    }),
  };
}
