/** One dispatch of a kernel: checks of its operands; params and buffers by name, checked against the shader. */
import { LimitError, ShapeError, ValueError } from "../../core/errors.ts";
import type { BoundTensor, Dispatch, Operand, Param, Tensor } from "../../core/kernel_call.ts";
import { formatShape, sizeOf } from "../../core/shape.ts";
import { copyOf } from "./printer.ts";
import type { BoundDeclaration, PrintedEntry, Shader } from "./shader.ts";

/** Kernels count elements in 32 bits: a tensor stays below this many. */
export const MAX_ELEMENTS = 2 ** 31;

/** @throws LimitError when `operand` reaches 2^31 elements. */
export function checkSize(kernel: string, { shape }: Operand): void {
  if (sizeOf(shape) >= MAX_ELEMENTS) {
    throw new LimitError(`${kernel}: ${formatShape(shape)} has 2^31 elements or more; split it along its first axis`, {
      shape,
    });
  }
}

/** @throws ShapeError when `operand` does not hold `size` elements. */
export function expectSize(kernel: string, name: string, { shape }: Operand, size: number): void {
  if (sizeOf(shape) !== size) {
    throw new ShapeError(`${kernel}: ${name} is ${formatShape(shape)}; expected ${size} elements`, { shape, size });
  }
}

/** The variant of that name. @throws ValueError when the kernel has none. */
export function variantNamed<V extends string>(kernel: string, variants: readonly V[], name: string): V {
  const variant = variants.find((known) => known === name);
  if (variant !== undefined) return variant;
  throw new ValueError(`${kernel}: no variant ${name}; it has ${variants.join(", ")}`, { variant: name });
}

/** A dispatch by name. */
export interface NamedDispatch {
  readonly label: string;
  readonly shader: Shader;
  readonly entryPoint: string;
  /** Every member of the shader's `Params`; of a repeated shader's own, one for each tensor. */
  readonly params?: Readonly<Record<string, number | readonly number[]>>;
  /**
   * Every buffer that the entry point reads or writes. One that is undefined is not bound. Lists, of equal length,
   * repeat the shader for several tensors.
   */
  readonly buffers: Readonly<Record<string, Tensor | readonly Tensor[] | undefined>>;
  readonly workgroups: readonly [number, number, number];
  readonly isExtraChunk?: boolean;
}

/**
 * Binds params and buffers by their names. Where the shader has a constant `HAS_NAME` for a buffer `name`, it says
 * whether that buffer is there, unless the kernel has set it.
 * @throws ValueError when the names are not those of the shader.
 */
export function dispatch({ shader, params = {}, buffers, ...rest }: NamedDispatch): Dispatch {
  const { label, entryPoint } = rest;
  const names = Object.keys(buffers);
  const absent = names.filter((name) => buffers[name] === undefined);
  const copies = copiesOf(label, Object.values(buffers));
  let edited = shader.without(absent).constants(presence(shader, buffers));
  if (copies > 1) edited = edited.repeated(copies);
  const entry = edited.entry(entryPoint);
  // A buffer that is not there need not be one that the entry point reaches with these features.
  const isIdle = (name: string) => absent.includes(name) && shader.hasBuffer(name) && !entry.reached.includes(name);
  expectNames(
    label,
    "buffers",
    entry.reached,
    names.filter((name) => !isIdle(name)),
  );
  return {
    ...rest,
    source: entry.source,
    recipe: { shader: shader.recipe, params, buffers: entry.buffers.map(({ name }) => name), absent },
    params: bindParams(label, entry, params, copies),
    buffers: entry.buffers.flatMap((declared) => bindBuffer(declared, buffers[declared.name])),
  };
}

/** `HAS_…` of the buffers that may be absent. */
function presence(shader: Shader, buffers: NamedDispatch["buffers"]): Record<string, number | boolean> {
  const known = Object.entries(buffers).flatMap(([buffer, value]) => {
    const name = `HAS_${buffer.toUpperCase()}`;
    const type = shader.typeOf(name);
    if (type === undefined || shader.isSet(name)) return [];
    const isThere = value !== undefined;
    return [[name, type === "boolean" ? isThere : Number(isThere)] as const];
  });
  return Object.fromEntries(known);
}

/** For how many tensors: the length of the lists. */
function copiesOf(label: string, buffers: readonly NamedDispatch["buffers"][string][]): number {
  const lengths = buffers.flatMap((value) => (isList(value) ? value.length : []));
  const [first = 1] = lengths;
  if (lengths.every((length) => length === first)) return first;
  throw new ValueError(`${label}: lists of ${lengths.join(", ")} tensors; expected one length`);
}

const isList = <T>(value: T | readonly T[] | undefined): value is readonly T[] => Array.isArray(value);

function bindBuffer(
  { access, copy = 0 }: BoundDeclaration,
  value: Tensor | readonly Tensor[] | undefined,
): BoundTensor[] {
  const tensor = isList(value) ? value[copy] : value;
  return tensor === undefined ? [] : [{ tensor, access }];
}

function bindParams(
  label: string,
  { params: declared }: PrintedEntry,
  params: NonNullable<NamedDispatch["params"]>,
  copies: number,
): Param[] {
  const values = new Map<string, number>();
  for (const [name, value] of Object.entries(params)) {
    if (typeof value === "number") values.set(name, value);
    else {
      if (value.length !== copies) {
        throw new ValueError(`${label}: the param ${name} has ${value.length} values; expected one for each tensor`);
      }
      for (const [copy, each] of value.entries()) values.set(copies > 1 ? copyOf(name, copy) : name, each);
    }
  }
  const names = declared.map(({ name }) => name);
  expectNames(label, "params", names, [...values.keys()]);
  return declared.map(({ name, type }) => paramOf(label, name, type, values.get(name) ?? 0));
}

/** Least and greatest whole number of a param's type. */
const RANGES = { u32: [0, 2 ** 32 - 1], i32: [-(2 ** 31), 2 ** 31 - 1] } as const;

function paramOf(label: string, name: string, type: Param["type"], value: number): Param {
  if (type !== "f32") {
    const [least, greatest] = RANGES[type];
    if (!(Number.isInteger(value) && value >= least && value <= greatest)) {
      throw new ValueError(
        `${label}: the param ${name} is ${value}; expected a whole number from ${least} to ${greatest}`,
      );
    }
  }
  return { type, value };
}

function expectNames(label: string, what: string, declared: readonly string[], given: readonly string[]): void {
  if (declared.length === given.length && declared.every((name) => given.includes(name))) return;
  throw new ValueError(
    `${label}: the shader's ${what} are ${declared.join(", ")}; the kernel names ${given.join(", ")}`,
  );
}
