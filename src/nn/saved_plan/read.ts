/**
 * Reads a plan file, which may be untrusted: everything that WebGPU would reject, or that would take too long, is
 * rejected before anything is allocated. The code that reads dispatches is imported with the shaders they name.
 */
import { allocate, BYTES_PER_ELEMENT, DTYPES, type DType } from "../../core/dtype.ts";
import { FormatError } from "../../core/errors.ts";
import {
  arrayOf,
  asFormatError,
  choiceOf,
  countOf,
  countsOf,
  flagOf,
  objectOf,
  optionalOf,
  textOf,
} from "../../core/json_check.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import type { StoredVariable } from "../../graph/operation.ts";
import { type JsonValue, parseStrictJson } from "../../io/strict_json.ts";
import {
  type BoundBuffer,
  type Command,
  type CopyCommand,
  type Location,
  type Plan,
  placeInputs,
  SLOT_BYTES,
} from "../../runtime/plan/plan.ts";
import type { InputSpec } from "../graph/input_spec.ts";
import { LOCATION_KINDS, MOST, PLAN_FORMAT, PLAN_VERSION } from "./format.ts";
import type { DispatchReader } from "./read_dispatch.ts";

/** A plan for one batch size. */
export interface BatchPlan {
  readonly batchSize: number;
  readonly plan: Plan;
}

/** The contents of a plan file. */
export interface SavedPlan {
  readonly inputs: readonly InputSpec[];
  /** The output shapes without the batch axis. */
  readonly outputShapes: readonly Shape[];
  readonly variables: readonly StoredVariable[];
  /** The variables that persist between batches. */
  readonly states: readonly StoredVariable[];
  /** The plans, in ascending order of batch size. */
  readonly plans: readonly BatchPlan[];
}

/** Returns a weight's contents. @throws FormatError if there is none of this shape. */
export type WeightOf = (name: string, shape: Shape) => NdArray;

/** Imports the shader sets that a plan names, and the code that generates them. */
export type LoadShaders = (
  sets: readonly string[],
  what: string,
) => Promise<(shaders: readonly JsonValue[], what: string) => DispatchReader>;

type Read<T> = (value: JsonValue, what: string) => T;

/** Reads a list; errors name the element. */
function each<T>(value: unknown, what: string, most: number, read: Read<T>): T[] {
  return arrayOf(value, what, most).map((element, index) => read(element, `${what}[${index}]`));
}

const shapeOf = (value: unknown, what: string): number[] => {
  const shape = countsOf(value, what, MOST.rank);
  if (Number.isSafeInteger(sizeOf(shape) * BYTES_PER_ELEMENT)) return shape;
  throw new FormatError(`${what} is [${shape}], which is too large`);
};

const bytesOf = ({ shape }: { readonly shape: Shape }): number => sizeOf(shape) * BYTES_PER_ELEMENT;

/**
 * Reads the bytes of a plan file. A file has named sections; this reads those that describe the model and `gpu`, and
 * ignores others.
 * @throws FormatError if they are not a plan, are damaged, have another version, access memory out of bounds, or exceed
 * the limits in `MOST`.
 */
export async function readPlan(
  bytes: Uint8Array,
  weightOf: WeightOf,
  loadShaders: LoadShaders,
  what = "the plan",
): Promise<SavedPlan> {
  const fields = asFormatError(what, () => readHead(bytes, what));
  const gpu = objectOf(fields.get("gpu"), `${what}: gpu`);
  const sets = each(gpu.get("sets"), `${what}: gpu.sets`, MOST.shaders, textOf);
  const shaders = arrayOf(gpu.get("shaders"), `${what}: gpu.shaders`, MOST.shaders);
  const readerOf = await loadShaders(sets, what);
  return asFormatError(what, () => {
    const model = readModel(fields, weightOf, what);
    const file = { ...model, budget: new Budget(what), dispatches: readerOf(shaders, `${what}: gpu.shaders`) };
    const plans = each(gpu.get("plans"), `${what}: gpu.plans`, MOST.batchSizes, (value, where) =>
      new PlanReader(file, objectOf(value, where), where).read(),
    );
    if (plans.length === 0 || model.inputs.length === 0 || model.outputShapes.length === 0) {
      throw new FormatError(`${what}: expected a plan, an input and an output`);
    }
    plans.sort((a, b) => a.batchSize - b.batchSize);
    return { ...model, plans };
  });
}

function readHead(bytes: Uint8Array, what: string): Fields {
  if (bytes.length > MOST.bytes) {
    throw new FormatError(`${what} has ${bytes.length} bytes; expected at most ${MOST.bytes}`);
  }
  const fields = objectOf(parseStrictJson(bytes, what), what);
  choiceOf(fields.get("format"), `${what}: format`, [PLAN_FORMAT]);
  const version = countOf(fields.get("formatVersion"), `${what}: formatVersion`);
  if (version === PLAN_VERSION) return fields;
  const reason =
    version < PLAN_VERSION
      ? "it contains shader code: save the model again"
      : `this Sluice runs plans of version ${PLAN_VERSION}: save the model again`;
  throw new FormatError(`${what}: format version ${version}; ${reason}`, { version });
}

type Model = Omit<SavedPlan, "plans">;

function readModel(fields: Fields, weightOf: WeightOf, what: string): Model {
  const inputs = each(fields.get("inputs"), `${what}: inputs`, MOST.tensors, readInput);
  const outputShapes = each(fields.get("outputs"), `${what}: outputs`, MOST.tensors, shapeOf);
  const states: StoredVariable[] = [];
  const variables = each(fields.get("variables"), `${what}: variables`, MOST.tensors, (value, where) => {
    const of = objectOf(value, where);
    const name = textOf(of.get("name"), `${where}.name`);
    const shape = shapeOf(of.get("shape"), `${where}.shape`);
    const dtype = choiceOf(of.get("dtype"), `${where}.dtype`, DTYPES);
    if (!flagOf(of.get("isState"), `${where}.isState`)) {
      const array = weightOf(name, shape);
      return { name, shape, dtype, initial: () => array };
    }
    const state: StoredVariable = { name, shape, dtype, initial: undefined };
    states.push(state);
    return state;
  });
  return { inputs, outputShapes, variables, states };
}

/** The memory and commands left for all batch sizes of a file together. */
class Budget {
  readonly #what: string;
  #bytes = 0;
  #steps = 0;

  constructor(what: string) {
    this.#what = what;
  }

  /** Accounts for a buffer. */
  buffer(bytes: number): void {
    this.#bytes += bytes;
    if (bytes > MOST.bufferBytes) this.refuse("buffer", bytes, `${MOST.bufferBytes} bytes`);
    if (this.#bytes > MOST.totalBytes) this.refuse("buffers", this.#bytes, `${MOST.totalBytes} bytes together`);
  }

  /** Accounts for commands, before they are read. */
  steps(count: number): void {
    this.#steps += count;
    if (this.#steps > MOST.steps) this.refuse("steps", this.#steps, `${MOST.steps} together`);
  }

  /** @throws FormatError with the requested amount and the limit. */
  refuse(kind: string, asked: number, most: string): never {
    throw new FormatError(`${this.#what}: its ${kind} take ${asked}; a plan's take at most ${most}`);
  }
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

/** The data that all plans of a file share. */
interface PlanFile extends Model {
  readonly budget: Budget;
  readonly dispatches: DispatchReader;
}

type Fields = ReadonlyMap<string, JsonValue>;

/** Reads one plan; every location is checked against the buffer there. */
class PlanReader {
  readonly #file: PlanFile;
  readonly #fields: Fields;
  readonly #what: string;
  readonly #batchSize: number;
  readonly #temporaries: readonly number[];
  /** The maximum number of bytes used of each buffer, by its location. */
  readonly #used = new Map<string, number>();
  readonly #constants: readonly NdArray[];
  readonly #inputs: Pick<Plan, "inputs" | "slots">;
  #work = 0;

  constructor(file: PlanFile, fields: Fields, what: string) {
    this.#file = file;
    this.#fields = fields;
    this.#what = what;
    this.#batchSize = countOf(fields.get("batchSize"), `${what}.batchSize`, MOST.rows);
    if (this.#batchSize === 0) throw new FormatError(`${what}.batchSize is 0`);
    this.#temporaries = countsOf(fields.get("temporaries"), `${what}.temporaries`, MOST.tensors);
    this.#constants = each(fields.get("constants"), `${what}.constants`, MOST.tensors, readConstant);
    this.#inputs = placeInputs(file.inputs.map((input) => ({ ...input, shape: this.#batched(input.shape) })));
    for (const bytes of this.#temporaries) file.budget.buffer(bytes);
    for (const tensor of [...this.#constants, ...this.#inputs.inputs]) file.budget.buffer(bytesOf(tensor));
    for (const shape of file.outputShapes) file.budget.buffer(bytesOf({ shape: this.#batched(shape) }));
  }

  read(): BatchPlan {
    const { variables, states, outputShapes } = this.#file;
    const places = countsOf(this.#fields.get("outputs"), `${this.#what}.outputs`, 2 * MOST.tensors);
    const outputs = outputShapes.map((shape, index) => {
      const what = `${this.#what}.outputs[${index}]`;
      const type = { shape: this.#batched(shape), dtype: "float32" as DType };
      return { ...type, location: this.#bound(places.slice(2 * index), bytesOf(type), what).location };
    });
    const commands = this.#list("steps", (value, what) => this.#command(value, what));
    const commits = this.#list("commits", (value, what) => this.#copy(objectOf(value, what), what));
    this.#temporaries.forEach((bytes, index) => {
      this.#expectUsed({ kind: "temporary", index }, bytes, 0);
    });
    for (const input of this.#inputs.inputs) this.#expectUsed(input.location, bytesOf(input), bytesOf(input));
    return {
      batchSize: this.#batchSize,
      plan: {
        commands,
        commits,
        temporaries: this.#temporaries,
        constants: this.#constants,
        ...this.#inputs,
        outputs,
        variables,
        updated: states,
      },
    };
  }

  #list<T>(name: string, read: Read<T>): T[] {
    const list = arrayOf(this.#fields.get(name), `${this.#what}.${name}`, MOST.steps);
    this.#file.budget.steps(list.length);
    return each(list, `${this.#what}.${name}`, MOST.steps, read);
  }

  #batched(shape: Shape): number[] {
    return shapeOf([this.#batchSize, ...shape], `${this.#what}: a batch's shape`);
  }

  #command(value: JsonValue, what: string): Command {
    const fields = objectOf(value, what);
    return fields.has("copy") ? this.#copy(fields, what) : this.#dispatch(value, what);
  }

  #dispatch(value: JsonValue, what: string): Command {
    const { command, work } = this.#file.dispatches.read(value, (place, where) => this.#buffer(place, where), what);
    const { buffers, dispatch } = command;
    buffers.forEach(({ location }, at) => {
      if (dispatch.access[at] !== "read") this.#expectWritable(location, what);
    });
    this.#expectApart(buffers, dispatch.access, what);
    this.#work += work;
    if (!(this.#work <= MOST.work)) this.#file.budget.refuse("multiply-adds", this.#work, `${MOST.work} in a run`);
    return command;
  }

  /** Reads a buffer's location and size. */
  #buffer(value: JsonValue, what: string): BoundBuffer {
    const words = countsOf(value, what, 3);
    return this.#bound(words, words[2] ?? -1, what);
  }

  #copy(fields: Fields, what: string): CopyCommand {
    const words = countsOf(fields.get("copy"), `${what}.copy`, 5);
    const bytes = words[4] ?? 0;
    const { location: from } = this.#bound(words, bytes, `${what}: from`);
    const { location: to } = this.#bound(words.slice(2), bytes, `${what}: to`);
    this.#expectWritable(to, what);
    if (from.kind === to.kind && from.index === to.index) throw new FormatError(`${what}: copies a buffer onto itself`);
    return { kind: "copy", from, to, bytes };
  }

  /** Reads a location from two numbers, and binds `bytes` of it. */
  #bound([kind = -1, index = -1]: readonly number[], bytes: number, what: string): BoundBuffer {
    const location = { kind: LOCATION_KINDS[kind], index };
    const size = location.kind === undefined ? undefined : this.#sizeOf(location as Location);
    if (size === undefined) throw new FormatError(`${what}: there is no buffer ${kind}, ${index}`);
    if (bytes > size || bytes % BYTES_PER_ELEMENT !== 0)
      throw new FormatError(`${what}: ${bytes} bytes of a buffer of ${size}`);
    const place = `${location.kind} ${index}`;
    this.#used.set(place, Math.max(this.#used.get(place) ?? 0, bytes));
    return { location: location as Location, bytes };
  }

  /** The size of the buffer at a location; undefined if there is none. */
  #sizeOf({ kind, index }: Location): number | undefined {
    if (index < 0) return undefined;
    if (kind === "temporary") return this.#temporaries[index];
    if (kind === "slot") return index < this.#inputs.slots ? SLOT_BYTES : undefined;
    const lists = { variable: this.#file.variables, input: this.#inputs.inputs, constant: this.#constants };
    const tensor = kind === "constant" ? lists.constant[index] : lists[kind][index];
    if (tensor === undefined || ("location" in tensor && tensor.location.kind !== "input")) return undefined;
    return bytesOf(tensor);
  }

  /** Checks that a buffer is no larger than its use; `unused` is the expected size if nothing uses it. */
  #expectUsed({ kind, index }: Location, bytes: number, unused: number): void {
    const used = this.#used.get(`${kind} ${index}`) ?? unused;
    if (used === bytes) return;
    throw new FormatError(`${this.#what}: uses ${used} of the ${bytes} bytes of ${kind} ${index}`);
  }

  /** Weights, inputs and constants must not be written. */
  #expectWritable({ kind, index }: Location, what: string): void {
    const { variables, states } = this.#file;
    if (kind === "temporary" || (kind === "variable" && states.some((state) => state === variables[index]))) return;
    throw new FormatError(`${what}: writes to a ${kind}`);
  }

  /** A dispatch must bind a buffer that it writes only once: WebGPU rejects anything else. */
  #expectApart(buffers: readonly BoundBuffer[], access: readonly string[], what: string): void {
    buffers.forEach(({ location: { kind, index } }, at) => {
      const twins = buffers.filter(({ location }) => location.kind === kind && location.index === index);
      if (access[at] !== "read" && twins.length > 1)
        throw new FormatError(`${what}: binds a buffer twice that it writes`);
    });
  }
}

function readConstant(value: JsonValue, what: string): NdArray {
  const fields = objectOf(value, what);
  const shape = shapeOf(fields.get("shape"), `${what}.shape`);
  const bits = countsOf(fields.get("bits"), `${what}.bits`, MOST.bytes);
  if (bits.length !== sizeOf(shape)) throw new FormatError(`${what}: [${shape}] has not ${bits.length} elements`);
  const data = allocate(choiceOf(fields.get("dtype"), `${what}.dtype`, DTYPES), bits.length);
  new Uint32Array(data.buffer).set(bits);
  return { shape, data };
}
