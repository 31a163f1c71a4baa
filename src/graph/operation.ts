/**
 * The graph: immutable operations that join symbolic values. An operation is made after its inputs, so that
 * ascending `id` is always a topological order.
 */
import type { DType } from "../core/dtype.ts";
import type { TensorType } from "../core/kernel_call.ts";
import type { NdArray } from "../core/nd_array.ts";
import type { Shape } from "../core/shape.ts";
import type { OpDefinition } from "./op.ts";

let nextId = 0;

/** One output of an operation: a tensor that will exist when the graph runs. */
export class Value implements TensorType {
  readonly operation: Operation;
  /** Which of the operation's outputs this is. */
  readonly index: number;
  readonly shape: Shape;
  readonly dtype: DType;

  constructor(operation: Operation, index: number, type: TensorType) {
    this.operation = operation;
    this.index = index;
    this.shape = type.shape;
    this.dtype = type.dtype;
  }
}

/** An op applied to values. It holds its definition: there is no registry and no switch over names. */
export class Operation {
  readonly id = nextId++;
  readonly definition: OpDefinition;
  readonly inputs: readonly Value[];
  readonly attributes: unknown;
  readonly outputs: readonly Value[];

  constructor(definition: OpDefinition, inputs: readonly Value[], attributes: unknown) {
    this.definition = definition;
    this.inputs = inputs;
    this.attributes = attributes;
    this.outputs = definition.infer({ inputs, attributes }).map((type, index) => new Value(this, index, type));
  }
}

/** Options of a Variable. */
export interface VariableOptions {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype?: DType;
  readonly trainable?: boolean;
  /** Makes the first contents; zeros when absent. Called once for each device that meets the variable. */
  readonly initial?: () => NdArray;
}

/**
 * State that lives on the device between runs: weights, optimizer moments, metric sums, data sets.
 * A graph reads it through `value` and changes it only by an update that it returns.
 */
export class Variable implements TensorType {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly trainable: boolean;
  /** Makes the first contents; zeros when absent. */
  readonly initial: (() => NdArray) | undefined;
  /** The variable's contents before the graph's updates. */
  readonly value: Value;

  constructor(options: VariableOptions) {
    this.name = options.name;
    this.shape = [...options.shape];
    this.dtype = options.dtype ?? "float32";
    this.trainable = options.trainable ?? true;
    this.initial = options.initial;
    this.value = variableLeaf(this);
  }
}

/** "After the run, `variable` holds `value`." */
export interface Update {
  readonly variable: Variable;
  readonly value: Value;
}

/** What a Program computes: outputs for the host, and updates that commit together after the last read. */
export interface Graph {
  readonly outputs: readonly Value[];
  readonly updates: readonly Update[];
}

/** A leaf's attributes: it has no inputs, and its type is given. */
export interface LeafAttributes {
  readonly type: TensorType;
  readonly name: string;
}
export interface VariableLeaf extends LeafAttributes {
  readonly variable: Variable;
}
export interface ConstantLeaf extends LeafAttributes {
  readonly data: NdArray;
}

function leaf(name: string): OpDefinition {
  return {
    kind: "leaf",
    name,
    infer: ({ attributes }) => [(attributes as LeafAttributes).type],
    vjp: () => [],
  };
}

export const inputOp: OpDefinition = leaf("input");
export const variableOp: OpDefinition = leaf("variable");
export const constantOp: OpDefinition = leaf("constant");

/** A value fed by the caller at every run. Scalars share one small buffer that one write fills. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Value {
  return new Operation(inputOp, [], { type: { shape: [...shape], dtype }, name }).outputs[0] as Value;
}

/** A value that is part of the graph. Scalars become literals in fused kernels. */
export function constant(data: NdArray, dtype?: DType): Value {
  const type = { shape: data.shape, dtype: dtype ?? (data.data instanceof Int32Array ? "int32" : "float32") };
  return new Operation(constantOp, [], { type, name: "constant", data } satisfies ConstantLeaf).outputs[0] as Value;
}

/** A scalar constant. */
export function scalar(value: number, dtype: DType = "float32"): Value {
  const data = dtype === "float32" ? Float32Array.of(value) : Int32Array.of(value);
  return constant({ shape: [], data }, dtype);
}

function variableLeaf(variable: Variable): Value {
  const type = { shape: variable.shape, dtype: variable.dtype };
  return new Operation(variableOp, [], { type, name: variable.name, variable } satisfies VariableLeaf)
    .outputs[0] as Value;
}

/** The variable behind a value that reads one, else undefined. */
export function variableOf(value: Value): Variable | undefined {
  return value.operation.definition === variableOp ? (value.operation.attributes as VariableLeaf).variable : undefined;
}

/** The number behind a scalar constant, else undefined. */
export function scalarOf(value: Value): number | undefined {
  if (value.operation.definition !== constantOp || value.shape.length !== 0) return undefined;
  return (value.operation.attributes as ConstantLeaf).data.data[0];
}

/** The values that a graph ends in: outputs first, then the updates' values. */
export function rootsOf(graph: Graph): Value[] {
  return [...graph.outputs, ...graph.updates.map((update) => update.value)];
}

/** Every operation that `roots` need, in topological order. */
export function operationsOf(roots: readonly Value[]): Operation[] {
  const seen = new Set<Operation>();
  const stack = roots.map((value) => value.operation);
  for (let operation = stack.pop(); operation !== undefined; operation = stack.pop()) {
    if (seen.has(operation)) continue;
    seen.add(operation);
    for (const value of operation.inputs) if (!seen.has(value.operation)) stack.push(value.operation);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
