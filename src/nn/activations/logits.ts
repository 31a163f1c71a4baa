import { rootOf, type Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/movement.ts";

/**
 * The logits of `probabilities`, if it is a sigmoid or softmax (possibly reshaped): losses computed from logits are
 * exact.
 */
export function logitsBehind(probabilities: Value, activation: "sigmoid" | "softmax"): Value | undefined {
  const { definition, attributes, operands } = rootOf(probabilities).operation;
  if (definition.name !== activation) return undefined;
  if (activation === "softmax" && (attributes as { readonly log: boolean }).log) return undefined;
  return reshape(operands[0] as Value, probabilities.shape);
}
