import { rootOf, type Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/reshape.ts";

/**
 * What a sigmoid or softmax was computed from, if `probabilities` is one (perhaps reshaped): losses are exact from
 * there.
 */
export function logitsBehind(probabilities: Value, activation: "sigmoid" | "softmax"): Value | undefined {
  const { definition, attributes, operands } = rootOf(probabilities).operation;
  if (definition.name !== activation) return undefined;
  if (activation === "softmax" && (attributes as { readonly log: boolean }).log) return undefined;
  return reshape(operands[0] as Value, probabilities.shape);
}
