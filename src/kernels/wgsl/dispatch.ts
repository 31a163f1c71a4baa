/** One dispatch of a kernel: params and buffers by name, checked against the shader. */
import { ValueError } from "../../core/errors.ts";
import type { BoundTensor, Dispatch, Param, Tensor } from "../../core/kernel_call.ts";
import type { BoundDeclaration, PrintedEntry, Shader } from "./shader.ts";
import type { ParamDeclaration } from "./template.ts";

/** A dispatch by name. */
export interface NamedDispatch {
  readonly label: string;
  readonly shader: Shader;
  readonly entryPoint: string;
  /** Every member of the shader's `Params`; of a repeated shader's own, one for each tensor. */
  readonly params?: Readonly<Record<string, number | readonly number[]>>;
  /**
   * Every buffer that the entry point reads or writes. One that is undefined is not bound. Lists, of equal length, repeat the
   * shader for several tensors.
   */
  readonly buffers: Readonly<Record<string, Tensor | readonly Tensor[] | undefined>>;
  readonly workgroups: readonly [number, number, number];
  readonly isExtraChunk?: boolean;
}

/**
 * Binds params and buffers by their names. Where the shader has a constant `HAS_NAME` for a buffer `name`, it says whether that buffer is
 * there, unless the kernel has set it.
 * @throws ValueError when the names are not those of the shader.
 */
export function dispatch({ shader, params = {}, buffers, ...rest }: NamedDispatch): Dispatch {
  const { label, entryPoint } = rest;
  const names = Object.keys(buffers);
  const absent = names.filter((name) => buffers[name] === undefined);
  const lists = Object.values(buffers).filter((value): value is readonly Tensor[] => Array.isArray(value));
  const copies = lists[0]?.length ?? 1;
  let edited = shader.without(absent).constants(presence(shader, buffers));
  if (copies > 1) edited = edited.repeated(copies);
  const entry = edited.entry(entryPoint);
  expectNames(label, "buffers", [...new Set(entry.buffers.map(({ name }) => name)), ...absent], names);
  return {
    ...rest,
    source: entry.source,
    params: bindParams(label, entry, params, copies),
    buffers: entry.buffers.map((declared) => bindBuffer(declared, buffers[declared.name])),
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

function bindBuffer(
  { access, copy = 0 }: BoundDeclaration,
  value: Tensor | readonly Tensor[] | undefined,
): BoundTensor {
  const tensor = Array.isArray(value) ? value[copy] : value;
  if (tensor === undefined) throw new ValueError("dispatch: lists of buffers differ in length");
  return { tensor, access };
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
    else for (let copy = 0; copy < copies; copy++) values.set(copies > 1 ? `${name}_${copy}` : name, value[copy] ?? 0);
  }
  expectNames(
    label,
    "params",
    declared.map(({ name }) => name),
    [...values.keys()],
  );
  return declared.map(({ name, type }: ParamDeclaration) => ({ type, value: values.get(name) ?? 0 }));
}

function expectNames(label: string, what: string, declared: readonly string[], given: readonly string[]): void {
  const missing = declared.filter((name) => !given.includes(name));
  const unknown = given.filter((name) => !declared.includes(name));
  if (missing.length + unknown.length === 0) return;
  throw new ValueError(
    `${label}: the shader's ${what} are ${declared.join(", ")}; the kernel names ${given.join(", ")}`,
    {
      missing,
      unknown,
    },
  );
}
