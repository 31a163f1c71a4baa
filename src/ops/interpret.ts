/** The float64 interpreter: what a graph means, without a GPU. */
import { ValueError } from "../core/errors.ts";
import type { TensorType } from "../core/kernel_call.ts";
import { isRow, isShaped, type NdArray } from "../core/nd_array.ts";
import { ifGiven, instanceOf, readOptions } from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import type { ErasedReference, ReferenceArray } from "../graph/op.ts";
import {
  type ConstantLeaf,
  constantOp,
  type Graph,
  inputOp,
  mapTensors,
  type OpDefinition,
  operationsOf,
  rootsOf,
  tensorList,
  type Value,
  type Variable,
  type VariableLeaf,
  variableOp,
  zipTensors,
} from "../graph/operation.ts";
import { mapElements } from "./elementwise/elementwise.ts";
import { referenceOf } from "./references.ts";

/** Widens host data to float64. */
export function toReference(array: NdArray | ReferenceArray): ReferenceArray {
  if (!isShaped(array) || !isRow(array.data))
    throw new ValueError(`interpret: got ${shown(array)}; expected { shape, data }`);
  return { shape: array.shape, data: Float64Array.from(array.data) };
}

const BINDINGS = {
  inputs: ifGiven(instanceOf<ReadonlyMap<Value, NdArray | ReferenceArray>>("a Map", Map)),
  variables: ifGiven(instanceOf<Map<Variable, ReferenceArray>>("a Map", Map)),
};

/** What `interpret` takes: data for each input, and the current contents of variables (else their initial ones). */
export interface Bindings {
  readonly inputs?: ReadonlyMap<Value, NdArray | ReferenceArray>;
  readonly variables?: Map<Variable, ReferenceArray>;
}

/**
 * Computes `graph` in float64 and returns its outputs. Updates are written to `bindings.variables` together at the end.
 * @throws ValueError when an input has no data, or an op no float64 reference.
 */
export function interpret(graph: Graph, bindings: Bindings = {}): ReferenceArray[] {
  const given = readOptions("interpret(graph)", BINDINGS, bindings);
  const variables = given.variables ?? new Map<Variable, ReferenceArray>();
  const values = new Map<Value, ReferenceArray>();
  const known = (value: Value): ReferenceArray => values.get(value) as ReferenceArray;
  for (const operation of operationsOf(rootsOf(graph))) {
    const { definition, attributes, inputs, outputs, results } = operation;
    const first = results[0] as Value;
    if (definition === inputOp) {
      const data = given.inputs?.get(first);
      if (data === undefined) {
        throw new ValueError(`interpret: the input "${(attributes as { name: string }).name}" has no data`);
      }
      values.set(first, toReference(data));
    } else if (definition === variableOp) {
      const { variable } = attributes as VariableLeaf;
      let data = variables.get(variable);
      if (data === undefined) {
        data = variable.initial
          ? toReference(variable.initial())
          : { shape: variable.shape, data: new Float64Array(sizeOf(variable.shape)) };
        variables.set(variable, data);
      }
      values.set(first, data);
    } else if (definition === constantOp) {
      values.set(first, toReference((attributes as ConstantLeaf).data));
    } else {
      const arrays = evaluate(definition, { inputs: mapTensors(inputs, known), outputs, attributes });
      for (const [value, array] of zipTensors(outputs, arrays)) values.set(value, array);
    }
  }
  const outputs = graph.outputs.map(known);
  const updated = graph.updates.map(({ variable, value }) => [variable, known(value)] as const);
  for (const [variable, data] of updated) variables.set(variable, data);
  return outputs;
}

type Context = Parameters<ErasedReference>[0];

/** The outputs of one operation. */
function evaluate(definition: OpDefinition, context: Context): ReturnType<ErasedReference> {
  const { inputs, outputs, attributes } = context;
  if (definition.kind === "kernel") {
    const reference = referenceOf(definition);
    if (reference !== undefined) return reference(context);
    throw new ValueError(`interpret: the op "${definition.name}" has no float64 reference in ops/references.ts`);
  }
  const [out] = tensorList<TensorType>(outputs);
  const [x] = tensorList<ReferenceArray>(inputs);
  if (out === undefined || x === undefined) throw new Error(`interpret: ${definition.name} has no input`);
  if (definition.kind === "elementwise") return { out: mapElements(definition, inputs, out, attributes) };
  return { out: { shape: out.shape, data: x.data.subarray(0, sizeOf(out.shape)) } };
}
