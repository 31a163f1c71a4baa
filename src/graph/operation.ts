/**
 * The graph: immutable operations that join symbolic values. An operation is made after its inputs, so that
 * ascending `id` is always a topological order.
 */
import type { DType } from "../core/dtype.ts";
import { ValueError } from "../core/errors.ts";
import type { KernelCall, Operand, TensorType } from "../core/kernel_call.ts";
import { checkArray, checkShape, type NdArray } from "../core/nd_array.ts";
import {
  flag,
  functionLike,
  ifGiven,
  number,
  type OptionKind,
  oneOf,
  readOptions,
  readValue,
  required,
  resolvedBy,
  type TableOf,
  text,
  withDefault,
} from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import type { Shape } from "../core/shape.ts";

let nextId = 0;

/** One output of an operation: a tensor that will exist when the graph runs. */
export class Value implements TensorType {
  readonly operation: Operation;
  /** Its place among the operation's results. */
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

/** A record of tensors by name. One that may be absent is optional; a member may be a list. */
export type NamedTensors<I> = { readonly [K in keyof I]: Value | readonly Value[] | undefined };

/** The record `I` with a `T` in place of each value. */
export type TensorsOf<I, T> = {
  readonly [K in keyof I]: I[K] extends readonly Value[]
    ? readonly T[]
    : readonly Value[] extends I[K]
      ? T | readonly T[] | undefined
      : undefined extends I[K]
        ? T | undefined
        : T;
};

/**
 * The cotangents of an op's outputs: of an op with one output it is there; of one with several, those are undefined
 * that the loss does not depend on.
 */
export type Cotangents<O> = O extends { readonly out: Value }
  ? O
  : {
      readonly [K in keyof O]: O[K] extends readonly Value[]
        ? readonly (Value | undefined)[]
        : readonly Value[] extends O[K]
          ? Value | readonly (Value | undefined)[] | undefined
          : Value | undefined;
    };

/** The cotangents of an op's inputs. Those left out have none (ids). */
export type InputCotangents<I> = {
  readonly [K in keyof I]?: (I[K] extends readonly Value[] ? readonly (Value | undefined)[] : Value) | undefined;
};

/** What an op knows when it says what comes out. */
export interface InferContext<I, A> {
  readonly inputs: TensorsOf<I, TensorType>;
  readonly attributes: A;
}

/** What an op knows when it builds its gradient. */
export interface VjpContext<I, A, O> {
  readonly inputs: I;
  readonly outputs: O;
  readonly cotangents: Cotangents<O>;
  readonly attributes: A;
}

/** What an op knows when it becomes kernel calls. */
export interface LowerContext<I, A, O> {
  readonly inputs: TensorsOf<I, Operand>;
  readonly outputs: TensorsOf<O, Operand>;
  /** False where nothing reads that output: a kernel may skip writing it. */
  readonly isUsed: TensorsOf<O, boolean>;
  readonly attributes: A;
}

/** What every op says of itself. */
interface OpBase<I, A, O> {
  readonly name: string;
  /** Types of the outputs. Throws ShapeError or DTypeError: at graph build, never at dispatch. */
  infer(context: InferContext<I, A>): TensorsOf<O, TensorType>;
  /** The inputs' cotangents. One may keep the broadcast shape: differentiation sums it down to the input's. */
  vjp(context: VjpContext<I, A, O>): InputCotangents<I>;
}

/** Tensors by name, of any op. */
export type Tensors = Readonly<Record<string, Value | readonly Value[] | undefined>>;

/** An op that kernels carry out. */
export interface KernelOp<I = Tensors, A = unknown, O = Tensors> extends OpBase<I, A, O> {
  readonly kind: "kernel";
  /** The kernel calls that compute it. */
  lower(context: LowerContext<I, A, O>): readonly KernelCall[];
}

/**
 * An op that maps its inputs' elements to its output's; fusion joins several in one kernel, which finds the WGSL
 * expression of each by the op's name (kernels/elementwise/elementwise.ts). Its only output is `out`.
 */
export interface ElementwiseOp<I = Tensors, A = unknown, O = Tensors> extends OpBase<I, A, O> {
  readonly kind: "elementwise";
  /** One element of the output in float64, from the inputs' elements. */
  compute(args: TensorsOf<I, number>, attributes: A): number;
}

/** An op whose output is its input's buffer, or the beginning of it, under another shape. */
export interface ViewOp<I = Tensors, A = unknown, O = Tensors> extends OpBase<I, A, O> {
  readonly kind: "view";
}

/** An input, a variable or a constant. */
export interface LeafOp<I = Tensors, A = unknown, O = Tensors> extends OpBase<I, A, O> {
  readonly kind: "leaf";
}

/** An op of any kind. */
export type OpDefinition<I = Tensors, A = unknown, O = Tensors> =
  | KernelOp<I, A, O>
  | ElementwiseOp<I, A, O>
  | ViewOp<I, A, O>
  | LeafOp<I, A, O>;

/** An op with what it was applied to. */
export interface Applied<I = Tensors, A = unknown, O = Tensors> {
  readonly definition: OpDefinition;
  readonly inputs: I;
  readonly attributes: A;
  readonly outputs: O;
}

/** An op applied to values. It holds its definition: there is no registry and no switch over names. */
export class Operation implements Applied {
  readonly id = nextId++;
  readonly definition: OpDefinition;
  readonly inputs: Tensors;
  readonly attributes: unknown;
  readonly outputs: Tensors;
  /** The values of `inputs`, in their order. */
  readonly operands: readonly Value[];
  /** The values of `outputs`, in their order. */
  readonly results: readonly Value[];

  constructor(definition: OpDefinition, inputs: Tensors, attributes: unknown) {
    this.definition = definition;
    this.inputs = inputs;
    this.attributes = attributes;
    this.operands = tensorList(inputs);
    expectValue(definition.name, ...this.operands);
    const results: Value[] = [];
    this.outputs = mapTensors(definition.infer({ inputs, attributes }), (type) => {
      const value = new Value(this, results.length, type);
      results.push(value);
      return value;
    });
    this.results = results;
  }
}

/** The tensors of a record that are there, in their order. */
export function tensorList<T>(tensors: Readonly<Record<string, T | readonly T[] | undefined>>): T[] {
  return Object.values(tensors).flatMap((tensor) => (tensor === undefined ? [] : listOf<T>(tensor)));
}

/** The record with every tensor changed. */
export function mapTensors<T, U>(
  tensors: Readonly<Record<string, T | readonly T[] | undefined>>,
  change: (tensor: T) => U,
): Readonly<Record<string, U | readonly U[] | undefined>> {
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    if (tensor === undefined) return [name, undefined] as const;
    return [name, isList(tensor) ? tensor.map(change) : change(tensor)] as const;
  });
  return Object.fromEntries(entries);
}

/** Every tensor of one record with the tensor of the same name in another, where both are there. */
export function zipTensors<T, U>(
  left: Readonly<Record<string, T | readonly T[] | undefined>>,
  right: Readonly<Record<string, U | readonly (U | undefined)[] | undefined>>,
): (readonly [T, U])[] {
  const pairs: (readonly [T, U])[] = [];
  for (const [name, tensor] of Object.entries(left)) {
    const others = listOf(right[name]);
    for (const [index, own] of listOf(tensor).entries()) {
      const other = others[index];
      if (own !== undefined && other !== undefined) pairs.push([own, other]);
    }
  }
  return pairs;
}

const isList = <T>(tensor: T | readonly T[]): tensor is readonly T[] => Array.isArray(tensor);

const listOf = <T>(tensor: T | readonly T[]): readonly T[] => (isList(tensor) ? tensor : [tensor]);

/** @throws ValueError for anything but values of a graph: `what` names op and argument. */
export function expectValue(what: string, ...values: readonly unknown[]): void {
  for (const value of values) {
    if (value instanceof Value) continue;
    throw new ValueError(
      `${what}: got ${shown(value)}; expected a symbolic value, as inputValue() and ops give. To compute on data, ` +
        "call program(device, fn)",
    );
  }
}

/** The value whose buffer holds a value: what a view, or a view of a view, shows. */
export function rootOf(value: Value): Value {
  const { definition, operands } = value.operation;
  const [viewed] = operands;
  return definition.kind === "view" && viewed !== undefined ? rootOf(viewed) : value;
}

/** Options of a Variable. */
export interface VariableOptions {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype?: DType | undefined;
  readonly trainable?: boolean | undefined;
  /** Makes the first contents; zeros when absent. Called once for each device that meets the variable. */
  readonly initial?: (() => NdArray) | undefined;
}

/** What a device must know of a variable to keep its contents. A saved plan has no more of it. */
export type StoredVariable = Pick<Variable, "name" | "shape" | "dtype" | "initial">;

/** A dtype by name. */
export const dtypeKind: OptionKind<DType> = oneOf(["float32", "int32", "bool"]);

const VARIABLE = {
  name: required(text),
  shape: required(resolvedBy("sizes", (given: Shape) => checkShape(given, "new Variable"))),
  dtype: withDefault(dtypeKind, "float32"),
  trainable: withDefault(flag, true),
  initial: ifGiven(functionLike<VariableOptions["initial"]>("() => array")),
} satisfies TableOf<VariableOptions>;

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
    const { name, shape, dtype, trainable, initial } = readOptions("new Variable", VARIABLE, options);
    this.name = name;
    this.shape = [...shape];
    this.dtype = dtype;
    this.trainable = trainable;
    this.initial = initial;
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
    infer: ({ attributes }) => ({ out: (attributes as LeafAttributes).type }),
    vjp: () => ({}),
  };
}

function leafValue<A extends LeafAttributes>(definition: OpDefinition, attributes: A): Value {
  return new Operation(definition, {}, attributes).results[0] as Value;
}

export const inputOp: OpDefinition = leaf("input");
export const variableOp: OpDefinition = leaf("variable");
export const constantOp: OpDefinition = leaf("constant");

/** A value fed by the caller at every run. Scalars share one small buffer that one write fills. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Value {
  const what = "inputValue";
  readValue(what, "name", text, name);
  const type = { shape: [...checkShape(shape, what)], dtype: readValue(what, "dtype", dtypeKind, dtype) };
  return leafValue(inputOp, { type, name });
}

/** A value that is part of the graph. Scalars become literals in fused kernels. */
export function constant(data: NdArray, dtype?: DType): Value {
  checkArray(data, "constantValue");
  if (dtype !== undefined) readValue("constantValue", "dtype", dtypeKind, dtype);
  const type = { shape: data.shape, dtype: dtype ?? (data.data instanceof Int32Array ? "int32" : "float32") };
  return leafValue(constantOp, { type, name: "constant", data } satisfies ConstantLeaf);
}

/** A scalar constant. */
export function scalar(value: number, dtype: DType = "float32"): Value {
  readValue("scalar", "value", number, value);
  const data =
    readValue("scalar", "dtype", dtypeKind, dtype) === "float32" ? Float32Array.of(value) : Int32Array.of(value);
  return constant({ shape: [], data }, dtype);
}

function variableLeaf(variable: Variable): Value {
  const type = { shape: variable.shape, dtype: variable.dtype };
  return leafValue(variableOp, { type, name: variable.name, variable } satisfies VariableLeaf);
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
  if (!Array.isArray(graph?.outputs) || !Array.isArray(graph.updates))
    throw new ValueError(`got ${shown(graph)}; expected a graph: { outputs, updates }, two lists`);
  const roots = [...graph.outputs, ...graph.updates.map((update) => update?.value)];
  expectValue("a graph", ...roots);
  return roots;
}

/** Every operation that `roots` need, in topological order. */
export function operationsOf(roots: readonly Value[]): Operation[] {
  const seen = new Set<Operation>();
  const stack = roots.map((value) => value.operation);
  for (let operation = stack.pop(); operation !== undefined; operation = stack.pop()) {
    if (seen.has(operation)) continue;
    seen.add(operation);
    for (const value of operation.operands) if (!seen.has(value.operation)) stack.push(value.operation);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
