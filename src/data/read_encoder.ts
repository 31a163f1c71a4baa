/** Restores an encoder that was saved with a model. */
import { FormatError } from "../core/errors.ts";
import { asFormatError, type JsonValue, objectOf, textOf } from "../core/json_check.ts";
import { type Encoder, registeredEncoder } from "./encoder.ts";
import { ReviewEncoder } from "./review_encoder.ts";
import { Tokenizer } from "./tokenizer.ts";

/**
 * The encoder of a saved model; undefined if it was saved without one.
 * @throws FormatError if its kind is unknown, or a field is missing or wrong.
 */
export function readEncoder(json: JsonValue | undefined): Encoder | undefined {
  if (json === undefined) return undefined;
  const kind = textOf(objectOf(json, "encoder").get("kind"), "encoder.kind");
  if (kind === "reviews") return ReviewEncoder.fromJSON(json);
  if (kind === "tokenizer") return Tokenizer.fromJSON(json);
  const fromJSON = registeredEncoder(kind);
  if (fromJSON !== undefined) return asFormatError("encoder", () => fromJSON(json));
  throw new FormatError(
    `encoder: the kind "${kind}" is unknown; call registerEncoder({ kind: "${kind}", fromJSON }) before`,
    { kind },
  );
}
