/** Encoders convert texts to a model's input. They are saved with the model by the name of their kind. */
import { ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { functionLike, readOptions, required, type TableOf, text } from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import type { RaggedSequences } from "./ragged_rows.ts";

/**
 * Converts texts to a model's input. `ReviewEncoder` and `Tokenizer` are encoders; register custom ones with
 * `registerEncoder`.
 */
export interface Encoder {
  /** The name under which it is saved and loaded, such as `"tokenizer"`. */
  readonly kind: string;
  /** Encodes texts, or a single text, as the model's input `[N, ...]`. */
  encode(texts: string | readonly string[]): RaggedSequences | NdArray;
  /** This encoder as a plain JSON object. */
  toJSON(): object;
  /** One more than the largest id that `encode` can return: the `inputDim` of an embedding. */
  readonly inputDim?: number;
  /** T: the length of the encoded rows. Default: the model's input length. */
  readonly maxLength?: number | undefined;
}

/** A registered kind of encoder. */
export interface EncoderKind {
  readonly kind: string;
  /** Restores an encoder from the result of its `toJSON`, plus `kind`; throws if fields are missing or invalid. */
  readonly fromJSON: (json: unknown) => Encoder;
}

const ENCODER = {
  kind: required(text),
  fromJSON: required(functionLike<EncoderKind["fromJSON"]>("(json) => encoder")),
} satisfies TableOf<EncoderKind>;

/** The built-in kinds. */
const OWN_KINDS = ["reviews", "tokenizer"];

const REGISTERED = new Map<string, EncoderKind["fromJSON"]>();

/** The `fromJSON` that a kind was registered with. */
export function registeredEncoder(kind: string): EncoderKind["fromJSON"] | undefined {
  return REGISTERED.get(kind);
}

/**
 * Registers a custom kind of encoder. Call it before assigning such an encoder to a model, and before loading a model
 * with one.
 * @throws ValueError if `kind` is not a name or is a built-in kind, or `fromJSON` is not a function.
 *
 * @example
 * class ByteEncoder implements Encoder {
 *   readonly kind = "bytes";
 *   readonly inputDim = 256;
 *   encode(texts: string | readonly string[]) {
 *     const bytes = [texts].flat().map((text) => [...new TextEncoder().encode(text)]);
 *     return padSequences(bytes, { maxLength: 80 });
 *   }
 *   toJSON() {
 *     return {};
 *   }
 * }
 * registerEncoder({ kind: "bytes", fromJSON: () => new ByteEncoder() });
 * model.encoder = new ByteEncoder();
 */
export function registerEncoder(given: EncoderKind): void {
  const { kind, fromJSON } = readOptions("registerEncoder", ENCODER, given);
  if (kind === "" || OWN_KINDS.includes(kind)) {
    throw new ValueError(
      `registerEncoder: kind is ${shown(kind)}; expected a name other than ${OWN_KINDS.map(shown).join(" and ")}`,
      { kind },
    );
  }
  REGISTERED.set(kind, fromJSON);
}

/** Validates a model's encoder. @throws ValueError if it is not an encoder, or its kind is not registered. */
export function expectEncoder(given: unknown): Encoder {
  if (!isEncoder(given)) {
    throw new ValueError(
      `encoder is ${shown(given)}; expected a ReviewEncoder, a Tokenizer, or an object with kind, encode() and ` +
        "toJSON()",
      { given },
    );
  }
  const { kind } = given;
  if (OWN_KINDS.includes(kind) || REGISTERED.has(kind)) return given;
  throw new ValueError(
    `the encoder's kind ${shown(kind)} is unknown, so a model saved with it could not be loaded; call ` +
      `registerEncoder({ kind: ${shown(kind)}, fromJSON }) first`,
    { kind },
  );
}

function isEncoder(given: unknown): given is Encoder {
  if (typeof given !== "object" || given === null) return false;
  const types = { kind: "string", encode: "function", toJSON: "function" };
  return Object.entries(types).every(([name, type]) => typeof Reflect.get(given, name) === type);
}
