/** What another parser, wgsl_reflect, finds in WGSL. */
import { Const, type TypeInfo, WgslParser, WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";

/** A file or a printed shader, as wgsl_reflect reads it. */
export interface Reflected {
  /** Members of the struct `Params`, "name: type". */
  readonly params: readonly string[];
  /** "binding name: type, access", in the order of the file. */
  readonly buffers: readonly string[];
  /** Name to value, of those that wgsl_reflect works out. */
  readonly constants: ReadonlyMap<string, number>;
  readonly constantNames: readonly string[];
  readonly entries: readonly {
    readonly name: string;
    readonly workgroupSize: readonly number[];
    /** "@builtin(name) parameter: type" */
    readonly parameters: readonly string[];
    /** Names of the buffers that it reads or writes, functions that it calls included. */
    readonly buffers: readonly string[];
  }[];
  /** All but entry points. */
  readonly functions: readonly string[];
}

/** Reads WGSL with wgsl_reflect. */
export function reflect(source: string): Reflected {
  // wgsl_reflect 1.6.0 takes these two names for keywords.
  const code = source.replace(/(?<!var<)\b(workgroup|block)\b/g, "a_$1");
  const found = new WgslReflect(code);
  const params = found.structs.find(({ name }) => name === "Params");
  return {
    params: (params?.members ?? []).map(({ name, type }) => `${name}: ${typeName(type)}`),
    buffers: found.storage.map(
      ({ binding, name, type, access }) => `${binding} ${name}: ${typeName(type)}, ${access || "read"}`,
    ),
    constants: found._constValues,
    constantNames: new WgslParser().parse(code).flatMap((node) => (node instanceof Const ? node.name : [])),
    entries: found.entry.compute.map(({ name, workgroupSize, arguments: own, resources }) => ({
      name,
      workgroupSize: workgroupSize ?? [],
      parameters: own.map(
        ({ name: parameter, type, attributes }) =>
          `@builtin(${attributes?.map(({ value }) => value)}) ${parameter.replace(/^a_/, "")}: ${typeName(type)}`,
      ),
      buffers: resources.filter(({ resourceType }) => resourceType !== 0).map((resource) => resource.name),
    })),
    functions: found.functions.filter(({ stage }) => stage === null).map(({ name }) => name),
  };
}

/** Of an array without a size wgsl_reflect says that it has 0 elements. */
const typeName = (type: TypeInfo) => type.getTypeName().replace(/, 0>$/, ">");
