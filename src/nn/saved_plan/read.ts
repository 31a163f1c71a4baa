/** Reading a plan: everything that a GPU would object to is checked before anything is made. */
import { allocate, BYTES_PER_ELEMENT, type DType } from "../../core/dtype.ts";
import { FormatError } from "../../core/errors.ts";
import { arrayOf, choiceOf, countOf, countsOf, flagOf, objectOf, optionalOf, textOf } from "../../core/json_check.ts";
import type { Param } from "../../core/kernel_call.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { Variable } from "../../graph/operation.ts";
import { type JsonValue, parseStrictJson } from "../../io/strict_json.ts";
import {
  type BoundBuffer,
  type Command,
  type CopyCommand,
  type DispatchCommand,
  type Location,
  type Plan,
  placeInputs,
  SLOT_BYTES,
} from "../../runtime/plan/plan.ts";
import type { InputSpec } from "../graph/input_spec.ts";
import { LOCATION_KINDS, MOST, PLAN_FORMAT, PLAN_VERSION } from "./format.ts";

/** A plan for batches of so many rows. */
export interface BatchPlan {
  readonly batchSize: number;
  readonly plan: Plan;
}

/** What a plan file holds. */
export interface SavedPlan {
  readonly inputs: readonly InputSpec[];
  /** Without the batch. */
  readonly outputShapes: readonly Shape[];
  readonly variables: readonly Variable[];
  /** Those that live on from batch to batch. */
  readonly states: readonly Variable[];
  /** From the smallest batch to the largest. */
  readonly plans: readonly BatchPlan[];
}

/** Gives a weight's contents; throws a FormatError when it has none of this shape. */
export type WeightOf = (name: string, shape: Shape) => NdArray;

const DTYPES = ["float32", "int32", "bool"] as const;

type Read<T> = (value: JsonValue, what: string) => T;

/** A list, its elements named in errors. */
function each<T>(value: unknown, what: string, most: number, read: Read<T>): T[] {
  return arrayOf(value, what, most).map((element, index) => read(element, `${what}[${index}]`));
}

const shapeOf = (value: unknown, what: string): number[] => {
  const shape = countsOf(value, what, MOST.rank);
  if (Number.isSafeInteger(sizeOf(shape) * BYTES_PER_ELEMENT)) return shape;
  throw new FormatError(`${what} is [${shape}]: no tensor is that large`);
};

const bytesOf = ({ shape }: { readonly shape: Shape }): number => sizeOf(shape) * BYTES_PER_ELEMENT;

/**
 * What the bytes of a plan file hold.
 * @throws FormatError when they are no plan, damaged, of a newer version, or would have the GPU reach where it must
 * not.
 */
export function readPlan(bytes: Uint8Array, weightOf: WeightOf, what = "the plan"): SavedPlan {
  if (bytes.length > MOST.bytes) {
    throw new FormatError(`${what} has ${bytes.length} bytes; expected at most ${MOST.bytes}`);
  }
  const fields = objectOf(parseStrictJson(bytes, what), what);
  choiceOf(fields.get("format"), `${what}: format`, [PLAN_FORMAT]);
  const version = countOf(fields.get("formatVersion"), `${what}: formatVersion`);
  if (version !== PLAN_VERSION) {
    throw new FormatError(
      `${what}: format version ${version}; this Sluice runs plans of version ${PLAN_VERSION}: use the Sluice ` +
        "that saved it, or save the model again",
      { version, supported: PLAN_VERSION },
    );
  }
  const inputs = each(fields.get("inputs"), `${what}: inputs`, MOST.tensors, readInput);
  const outputShapes = each(fields.get("outputs"), `${what}: outputs`, MOST.tensors, shapeOf);
  const states: Variable[] = [];
  const variables = each(fields.get("variables"), `${what}: variables`, MOST.tensors, (value, where) => {
    const of = objectOf(value, where);
    const name = textOf(of.get("name"), `${where}.name`);
    const shape = shapeOf(of.get("shape"), `${where}.shape`);
    const dtype = choiceOf(of.get("dtype"), `${where}.dtype`, DTYPES);
    const options = { name, shape, dtype, trainable: false };
    if (!flagOf(of.get("isState"), `${where}.isState`)) {
      const array = weightOf(name, shape);
      return new Variable({ ...options, initial: () => array });
    }
    const state = new Variable(options);
    states.push(state);
    return state;
  });
  const shaders = each(fields.get("shaders"), `${what}: shaders`, MOST.shaders, textOf);
  const file = { inputs, outputShapes, variables, states, shaders };
  const plans = each(fields.get("plans"), `${what}: plans`, MOST.batchSizes, (value, where) =>
    new PlanReader(file, objectOf(value, where), where).read(),
  );
  if (plans.length === 0 || inputs.length === 0 || outputShapes.length === 0) {
    throw new FormatError(`${what}: expected a plan, an input and an output at least; the file is damaged`);
  }
  plans.sort((a, b) => a.batchSize - b.batchSize);
  return { inputs, outputShapes, variables, states, plans };
}

function readInput(value: JsonValue, what: string): InputSpec {
  const fields = objectOf(value, what);
  return {
    name: textOf(fields.get("name"), `${what}.name`),
    shape: shapeOf(fields.get("shape"), `${what}.shape`),
    dtype: choiceOf(fields.get("dtype"), `${what}.dtype`, DTYPES),
    idLimit: optionalOf(fields.get("idLimit"), `${what}.idLimit`, countOf),
  };
}

/** What the plans of a file share. */
interface PlanFile extends Pick<SavedPlan, "inputs" | "outputShapes" | "variables" | "states"> {
  readonly shaders: readonly string[];
}

type Fields = ReadonlyMap<string, JsonValue>;

/** Reads one plan; every place is checked against what lies there. */
class PlanReader {
  readonly #file: PlanFile;
  readonly #fields: Fields;
  readonly #what: string;
  readonly #batchSize: number;
  readonly #temporaries: readonly number[];
  readonly #constants: readonly NdArray[];
  readonly #inputs: Pick<Plan, "inputs" | "slots">;

  constructor(file: PlanFile, fields: Fields, what: string) {
    this.#file = file;
    this.#fields = fields;
    this.#what = what;
    this.#batchSize = countOf(fields.get("batchSize"), `${what}.batchSize`, MOST.rows);
    if (this.#batchSize === 0) throw new FormatError(`${what}.batchSize is 0; expected a row at least`);
    this.#temporaries = countsOf(fields.get("temporaries"), `${what}.temporaries`, MOST.tensors);
    const total = this.#temporaries.reduce((sum, bytes) => sum + bytes, 0);
    if (total > MOST.temporaryBytes) {
      throw new FormatError(
        `${what}.temporaries take ${total} bytes; a plan's take at most ${MOST.temporaryBytes} together`,
      );
    }
    this.#constants = each(fields.get("constants"), `${what}.constants`, MOST.tensors, readConstant);
    this.#inputs = placeInputs(file.inputs.map((input) => ({ ...input, shape: this.#batched(input.shape) })));
  }

  read(): BatchPlan {
    const { variables, states, outputShapes } = this.#file;
    const places = countsOf(this.#fields.get("outputs"), `${this.#what}.outputs`, 2 * MOST.tensors);
    const outputs = outputShapes.map((shape, index) => {
      const what = `${this.#what}.outputs[${index}]`;
      const type = { shape: this.#batched(shape), dtype: "float32" as DType };
      return { ...type, location: this.#bound(places.slice(2 * index), bytesOf(type), what).location };
    });
    const list = <T>(name: string, read: Read<T>) =>
      each(this.#fields.get(name), `${this.#what}.${name}`, MOST.steps, read);
    return {
      batchSize: this.#batchSize,
      plan: {
        commands: list("steps", (value, what) => this.#command(objectOf(value, what), what)),
        commits: list("commits", (value, what) => this.#copy(objectOf(value, what), what)),
        temporaries: this.#temporaries,
        constants: this.#constants,
        ...this.#inputs,
        outputs,
        variables,
        updated: states,
      },
    };
  }

  #batched(shape: Shape): number[] {
    return shapeOf([this.#batchSize, ...shape], `${this.#what}: a batch's shape`);
  }

  #command(fields: Fields, what: string): Command {
    return fields.has("copy") ? this.#copy(fields, what) : this.#dispatch(fields, what);
  }

  #dispatch(fields: Fields, what: string): DispatchCommand {
    const shader = countOf(fields.get("shader"), `${what}.shader`, this.#file.shaders.length - 1);
    const label = textOf(fields.get("label"), `${what}.label`);
    const params = countsOf(fields.get("params"), `${what}.params`, MOST.params).map(
      (value): Param => ({ type: "u32", value }),
    );
    const workgroups = countsOf(fields.get("workgroups"), `${what}.workgroups`, 3);
    if (workgroups.length !== 3 || workgroups.some((count) => count > MOST_WORKGROUPS)) {
      throw new FormatError(`${what}.workgroups are [${workgroups}]; expected three of at most ${MOST_WORKGROUPS}`);
    }
    const words = countsOf(fields.get("buffers"), `${what}.buffers`, 4 * MOST.buffers);
    const buffers: BoundBuffer[] = [];
    const access: ("read" | "read_write")[] = [];
    for (let at = 0; at < words.length; at += 4) {
      const [, , bytes = 0, mode] = words.slice(at);
      const bound = this.#bound(words.slice(at), bytes, `${what}.buffers[${at / 4}]`);
      const isWritten = mode !== 0;
      if (isWritten) this.#expectWritable(bound.location, what);
      buffers.push(bound);
      access.push(isWritten ? "read_write" : "read");
    }
    this.#expectApart(buffers, access, what);
    return {
      kind: "dispatch",
      operation: label,
      buffers,
      dispatch: {
        label,
        source: this.#file.shaders[shader] as string,
        entryPoint: textOf(fields.get("entryPoint"), `${what}.entryPoint`),
        params,
        access,
        workgroups: workgroups as [number, number, number],
      },
    };
  }

  #copy(fields: Fields, what: string): CopyCommand {
    const words = countsOf(fields.get("copy"), `${what}.copy`, 5);
    const bytes = words[4] ?? 0;
    const { location: from } = this.#bound(words, bytes, `${what}: from`);
    const { location: to } = this.#bound(words.slice(2), bytes, `${what}: to`);
    this.#expectWritable(to, what);
    if (from.kind === to.kind && from.index === to.index)
      throw new FormatError(`${what}: copies a buffer onto itself; the file is damaged`);
    return { kind: "copy", from, to, bytes };
  }

  /** The place that two numbers name, with so many bytes of it. */
  #bound([kind = -1, index = -1]: readonly number[], bytes: number, what: string): BoundBuffer {
    const location = { kind: LOCATION_KINDS[kind], index };
    const size = location.kind === undefined ? undefined : this.#sizeOf(location as Location);
    if (size === undefined) throw new FormatError(`${what}: there is no buffer ${kind}, ${index}`);
    if (bytes > size || bytes % BYTES_PER_ELEMENT !== 0)
      throw new FormatError(`${what}: ${bytes} bytes of a buffer of ${size}; expected whole numbers within it`);
    return { location: location as Location, bytes };
  }

  /** Bytes of what lies there; undefined where nothing does. */
  #sizeOf({ kind, index }: Location): number | undefined {
    if (index < 0) return undefined;
    if (kind === "temporary") return this.#temporaries[index];
    if (kind === "slot") return index < this.#inputs.slots ? SLOT_BYTES : undefined;
    const lists = { variable: this.#file.variables, input: this.#inputs.inputs, constant: this.#constants };
    const tensor = kind === "constant" ? lists.constant[index] : lists[kind][index];
    if (tensor === undefined || ("location" in tensor && tensor.location.kind !== "input")) return undefined;
    return bytesOf(tensor);
  }

  /** Weights, inputs and constants stay as they are. */
  #expectWritable({ kind, index }: Location, what: string): void {
    const { variables, states } = this.#file;
    if (kind === "temporary" || (kind === "variable" && states.includes(variables[index] as Variable))) return;
    throw new FormatError(`${what}: writes to a ${kind}; a prediction changes temporary buffers and states only`);
  }

  /** What a dispatch writes it binds once: WebGPU refuses anything else. */
  #expectApart(buffers: readonly BoundBuffer[], access: readonly string[], what: string): void {
    buffers.forEach(({ location: { kind, index } }, at) => {
      const twins = buffers.filter(({ location }) => location.kind === kind && location.index === index);
      if (access[at] !== "read" && twins.length > 1)
        throw new FormatError(`${what}: binds a buffer twice that it writes; the file is damaged`);
    });
  }
}

/** WebGPU's default limit for each dimension. */
const MOST_WORKGROUPS = 65535;

function readConstant(value: JsonValue, what: string): NdArray {
  const fields = objectOf(value, what);
  const shape = shapeOf(fields.get("shape"), `${what}.shape`);
  const bits = countsOf(fields.get("bits"), `${what}.bits`, MOST.bytes);
  if (bits.length !== sizeOf(shape)) throw new FormatError(`${what}: [${shape}] has not ${bits.length} elements`);
  const data = allocate(choiceOf(fields.get("dtype"), `${what}.dtype`, DTYPES), bits.length);
  new Uint32Array(data.buffer).set(bits);
  return { shape, data };
}
