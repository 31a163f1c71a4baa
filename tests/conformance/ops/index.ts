import { activationCases } from "./activations.ts";
import { elementwiseCases } from "./elementwise.ts";
import { layerCases } from "./layers.ts";
import { joiningCases } from "./layers_joining.ts";
import type { OpCase } from "./op_case.ts";
import { productCases } from "./products.ts";
import { searchCases } from "./search.ts";
import { shapeCases } from "./shapes.ts";
import { sweepCases } from "./sweeps.ts";

/** Every op with its inputs, once for the gradient check and once for the GPU. */
export const opCases: readonly OpCase[] = [
  ...elementwiseCases,
  ...activationCases,
  ...layerCases,
  ...joiningCases,
  ...shapeCases,
  ...searchCases,
  ...productCases,
  ...sweepCases,
];

/** The cases of each op. */
export function casesByOp(): ReadonlyMap<string, readonly OpCase[]> {
  const groups = new Map<string, OpCase[]>();
  for (const opCase of opCases) {
    const group = groups.get(opCase.op) ?? [];
    group.push(opCase);
    groups.set(opCase.op, group);
  }
  return groups;
}
