/** Programs that are called like functions. */
import type { DType } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import { type ArrayLike, checkShape, isShaped, type NdArray, toNdArray } from "../../core/nd_array.ts";
import {
  functionLike,
  listOf,
  readValue,
  recordOf,
  required,
  resolvedBy,
  withDefault,
} from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import { dtypeKind, type Graph, input, Value } from "../../graph/operation.ts";
import type { Device } from "../device.ts";
import { deviceKind } from "../device_kind.ts";
import { Program } from "./program.ts";

/** Shape and dtype of an input. Default dtype: float32. */
export interface InputType {
  readonly shape: Shape;
  readonly dtype?: DType;
}

/**
 * The result of a function to compile: a value, several, or a graph `{ outputs, updates }` that also changes Variables.
 */
export type ProgramResult = Value | readonly Value[] | Graph;

/** One array if the function returns one value, otherwise a list. */
export type ProgramOutput<R extends ProgramResult> = R extends Value ? NdArray : NdArray[];

/** A compiled function. It is planned once for each combination of input types, and the last 16 plans are kept. */
export interface CallableProgram<R extends ProgramResult = ProgramResult> {
  /** Runs on arrays: nested numbers, or `{ shape, data }`; an Int32Array makes an int32 input. */
  (...inputs: readonly ArrayLike[]): Promise<ProgramOutput<R>>;
  /** Compiles in advance of the first call, and returns the Program. */
  compile(inputTypes: readonly InputType[]): Promise<Program>;
  /** Frees the compiled programs, but not Variables. */
  dispose(): void;
}

interface Compiled {
  readonly inputs: readonly Value[];
  readonly program: Promise<Program>;
  /** Calls in progress; a program that `compile` returned counts as one. */
  uses: number;
}

/** Programs are kept for at most this many combinations of input types. */
const KEPT_PROGRAMS = 16;
const inputType = recordOf("program: an input type", {
  shape: required(resolvedBy("sizes", (given: Shape) => checkShape(given, "program: an input type"))),
  dtype: withDefault(dtypeKind, "float32"),
});

/**
 * Compiles a function of symbolic values for a device. With `inputTypes`, the graph is built and its shapes are checked
 * immediately; otherwise at the first call, from the arguments.
 *
 * @throws ShapeError, DTypeError when shapes or dtypes of the ops in `fn` do not match.
 * @example
 * const product = program(device, (a, b) => matmul(a, b));
 * const c = await product([[1, 2]], [[3], [4]]); // { shape: [1, 1], data: [11] }
 */
export function program<R extends ProgramResult>(
  device: Device,
  fn: (...inputs: Value[]) => R,
  inputTypes?: readonly InputType[],
): CallableProgram<R> {
  readValue("program", "device", deviceKind, device);
  readValue("program", "fn", functionLike("(...values) => value"), fn);
  const label = fn.name || "program";
  const compiled = new Map<string, Compiled>();
  let returnsOne = false;

  const prepare = (types: readonly InputType[]): Compiled => {
    readValue(label, "inputTypes", listOf(inputType), types);
    const key = types.map(({ shape, dtype = "float32" }) => `${dtype}${formatShape(shape)}`).join();
    const known = compiled.get(key);
    if (known !== undefined) {
      compiled.delete(key);
      compiled.set(key, known);
      return known;
    }
    const inputs = types.map(({ shape, dtype }, index) => input(`input ${index}`, shape, dtype));
    const result: ProgramResult = fn(...inputs);
    returnsOne = result instanceof Value;
    const graph = graphOf(label, result);
    const fresh = { inputs, program: Program.compile(device, graph, { label, inputs }), uses: 0 };
    compiled.set(key, fresh);
    fresh.program.catch(() => compiled.delete(key));
    return fresh;
  };

  /** Frees the least recently used programs that are not in use. */
  const trim = (): void => {
    for (const [key, entry] of compiled) {
      if (compiled.size <= KEPT_PROGRAMS) return;
      if (entry.uses > 0) continue;
      compiled.delete(key);
      disposeOf(entry);
    }
  };

  const call = async (...given: readonly ArrayLike[]) => {
    if (inputTypes !== undefined && given.length !== inputTypes.length) {
      throw new ValueError(`${label}: got ${given.length} arrays; expected ${inputTypes.length}`, {
        got: given.length,
      });
    }
    const dtypes = given.map((array, index) => inputTypes?.[index]?.dtype ?? dtypeOf(array));
    const arrays = given.map((array, index) => toNdArray(array, dtypes[index] as DType, `${label}: input ${index}`));
    const entry = prepare(inputTypes ?? arrays.map(({ shape }, index) => ({ shape, dtype: dtypes[index] as DType })));
    entry.uses++;
    try {
      const feeds = new Map(entry.inputs.map((value, index) => [value, arrays[index] as NdArray]));
      const outputs = await (await entry.program).run(feeds);
      return (returnsOne ? outputs[0] : outputs) as ProgramOutput<R>;
    } finally {
      entry.uses--;
      trim();
    }
  };

  if (inputTypes !== undefined) prepare(inputTypes);
  return Object.assign(call, {
    compile: (types: readonly InputType[]) => {
      const entry = prepare(types);
      entry.uses++;
      return entry.program;
    },
    dispose: () => {
      for (const entry of compiled.values()) disposeOf(entry);
      compiled.clear();
    },
  });
}

function disposeOf({ program }: Compiled): void {
  program.then((one) => one.dispose()).catch(() => undefined);
}

function graphOf(label: string, result: ProgramResult): Graph {
  if (result instanceof Value) return { outputs: [result], updates: [] };
  if (typeof result !== "object" || result === null)
    throw new ValueError(`${label}: fn returned ${shown(result)}; expected a value, a list of values, or a graph`);
  return "outputs" in result ? result : { outputs: result, updates: [] };
}

function dtypeOf(array: ArrayLike): DType {
  return isShaped(array) && array.data instanceof Int32Array ? "int32" : "float32";
}
