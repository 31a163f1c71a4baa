/**
 * Turns an optimized graph into a plan without touching the GPU: kernel calls in order, and for every tensor the buffer
 * that holds it. Whole buffers are reused after the last read of their tensor.
 */
import { BYTES_PER_ELEMENT } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import type { AdapterTraits, KernelCall, Operand, Scratch, TensorType } from "../../core/kernel_call.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { sizeOf } from "../../core/shape.ts";
import {
  type ConstantLeaf,
  constantOp,
  type Graph,
  inputOp,
  type LeafAttributes,
  mapTensors,
  type Operation,
  operationsOf,
  rootOf,
  rootsOf,
  tensorList,
  Value,
  type Variable,
  variableOf,
} from "../../graph/operation.ts";
import { BufferPool } from "./buffer_pool.ts";
import { type BoundBuffer, type Command, type CopyCommand, type Location, type Plan, placeInputs } from "./plan.ts";

const bytesOf = (type: TensorType): number => sizeOf(type.shape) * BYTES_PER_ELEMENT;

/**
 * Moves operations whose results are only updates to the end, so that they may overwrite variables after the last read.
 */
function schedule(graph: Graph): Operation[] {
  const operations = operationsOf(rootsOf(graph));
  const read = new Set(operations.flatMap(({ operands }) => operands.map(rootOf)));
  const outputs = new Set(graph.outputs.map(rootOf));
  const isLast = ({ definition, results }: Operation) =>
    definition.kind === "kernel" && results.every((value) => !read.has(value) && !outputs.has(value));
  return [...operations.filter((o) => !isLast(o)), ...operations.filter(isLast)];
}

interface PlannedCall {
  readonly call: KernelCall;
  readonly operation: Operation;
  /** Values by operand. Operands that are not in this map are temporaries between the operation's calls. */
  readonly values: ReadonlyMap<Operand, Value>;
}

function lowerAll(operations: readonly Operation[], uses: ReadonlySet<Value>): PlannedCall[] {
  return operations.flatMap((operation) => {
    const { definition, attributes } = operation;
    if (definition.kind !== "kernel") return [];
    const values = new Map<Operand, Value>();
    const operandOf = (value: Value): Operand => {
      const operand = { shape: value.shape, dtype: value.dtype };
      values.set(operand, rootOf(value));
      return operand;
    };
    const calls = definition.lower({
      inputs: mapTensors(operation.inputs, operandOf),
      outputs: mapTensors(operation.outputs, operandOf),
      isUsed: mapTensors(operation.outputs, (output: Value) => uses.has(output)),
      attributes,
    });
    return calls.map((call) => ({ call, operation, values }));
  });
}

/** Returns the variant for a kernel call; undefined leaves the choice to the call. */
export type ChooseVariant = (call: KernelCall) => string | undefined;

/** Plans an optimized graph. `inputs` are the values that the caller feeds, used or not. */
export function planGraph(
  graph: Graph,
  inputs: readonly Value[],
  adapter: AdapterTraits,
  chooseVariant: ChooseVariant = () => undefined,
): Plan {
  return new Planner(graph, lowerGraph(graph), inputs, adapter, chooseVariant).plan();
}

/** The kernel calls of an optimized graph, in execution order. */
export function kernelCallsOf(graph: Graph): KernelCall[] {
  return lowerGraph(graph).map(({ call }) => call);
}

function lowerGraph(graph: Graph): PlannedCall[] {
  const operations = schedule(graph);
  const uses = new Set([...operations.flatMap((o) => o.operands.map(rootOf)), ...rootsOf(graph).map(rootOf)]);
  return lowerAll(operations, uses);
}

/** A tensor of the plan: a value, or a temporary between an operation's calls. */
type Tensor = Value | Operand;

class Planner {
  readonly #graph: Graph;
  readonly #calls: readonly PlannedCall[];
  readonly #adapter: AdapterTraits;
  readonly #chooseVariant: ChooseVariant;
  readonly #pool = new BufferPool();
  readonly #locations = new Map<Tensor, Location>();
  readonly #lastRead = new Map<Tensor, number>();
  readonly #inputs: Pick<Plan, "inputs" | "slots">;
  readonly #variables: Variable[] = [];
  readonly #constants: NdArray[] = [];
  readonly #commands: Command[] = [];

  constructor(
    graph: Graph,
    calls: readonly PlannedCall[],
    inputs: readonly Value[],
    adapter: AdapterTraits,
    chooseVariant: ChooseVariant,
  ) {
    this.#chooseVariant = chooseVariant;
    this.#graph = graph;
    this.#calls = calls;
    this.#adapter = adapter;
    this.#inputs = placeInputs(
      inputs.map(({ shape, dtype, operation }) => {
        const { name } = operation.attributes as LeafAttributes;
        return { name, shape, dtype };
      }),
    );
    for (const [index, { location }] of this.#inputs.inputs.entries()) {
      this.#locations.set(inputs[index] as Value, location);
    }
    calls.forEach(({ call, values }, index) => {
      for (const operand of [...tensorList(call.reads), ...tensorList(call.writes)]) {
        this.#lastRead.set(values.get(operand) ?? operand, index);
      }
    });
    // Outputs and updates are used after the last call.
    for (const root of rootsOf(graph)) this.#lastRead.set(rootOf(root), Number.POSITIVE_INFINITY);
  }

  plan(): Plan {
    for (const [index, planned] of this.#calls.entries()) this.#planCall(planned, index);
    const commits = this.#commits();
    return {
      commands: this.#commands,
      commits,
      temporaries: this.#pool.sizes,
      ...this.#inputs,
      outputs: this.#graph.outputs.map((value) => {
        const { shape, dtype } = value;
        return { shape, dtype, location: this.#locate(rootOf(value)) };
      }),
      variables: this.#variables,
      constants: this.#constants,
      updated: this.#graph.updates.map(({ variable }) => variable),
    };
  }

  #locate(tensor: Tensor): Location {
    let location = this.#locations.get(tensor);
    if (location === undefined && tensor instanceof Value) {
      const variable = variableOf(tensor);
      const { definition, attributes } = tensor.operation;
      if (variable !== undefined) location = this.#variable(variable);
      else if (definition === constantOp) {
        location = { kind: "constant", index: this.#constants.push((attributes as ConstantLeaf).data) - 1 };
      } else if (definition === inputOp) {
        const { name } = attributes as { readonly name: string };
        throw new ValueError(`the graph reads the input "${name}"; list it among the program's inputs`, { name });
      }
      if (location !== undefined) this.#locations.set(tensor, location);
    }
    if (location === undefined) {
      throw new ValueError("the graph reads a tensor that no operation computes; build it from its own inputs");
    }
    return location;
  }

  #variable(variable: Variable): Location {
    const known = this.#variables.indexOf(variable);
    return { kind: "variable", index: known >= 0 ? known : this.#variables.push(variable) - 1 };
  }

  #planCall({ call, operation, values }: PlannedCall, index: number): void {
    const tensorOf = (operand: Operand): Tensor => values.get(operand) ?? operand;
    const reads = tensorList(call.reads);
    const writes = tensorList(call.writes);
    for (const { read, write } of call.inPlace ?? []) this.#overwrite(tensorOf(read), tensorOf(write), write, index);
    const { dispatches } = call.plan(this.#adapter, this.#chooseVariant(call));
    const bound = new Set(dispatches.flatMap(({ buffers }) => buffers.map(({ tensor }) => tensor)));
    for (const operand of writes) {
      const tensor = tensorOf(operand);
      if (bound.has(operand) && !this.#locations.has(tensor)) {
        this.#locations.set(tensor, { kind: "temporary", index: this.#pool.take(bytesOf(operand)) });
      }
    }
    const scratch = new Map<Scratch, Location>();
    for (const tensor of bound) {
      if ("bytes" in tensor) scratch.set(tensor, { kind: "temporary", index: this.#pool.take(tensor.bytes) });
    }
    for (const { buffers: bindings, ...dispatch } of dispatches) {
      const buffers = bindings.map(({ tensor }): BoundBuffer => {
        if (!("bytes" in tensor)) return { location: this.#locate(tensorOf(tensor)), bytes: bytesOf(tensor) };
        return { location: scratch.get(tensor) as Location, bytes: tensor.bytes };
      });
      const access = bindings.map((binding) => binding.access);
      const { name } = operation.definition;
      this.#commands.push({ kind: "dispatch", dispatch: { ...dispatch, access }, buffers, operation: name });
    }
    for (const { index: buffer } of scratch.values()) this.#pool.give(buffer);
    this.#freeAfter(index, [...reads, ...writes].map(tensorOf));
  }

  /**
   * Makes `write` share the buffer of `read` if nothing else needs `read` later; otherwise uses the updated variable's
   * buffer, or a copy.
   */
  #overwrite(read: Tensor, write: Tensor, operand: Operand, index: number): void {
    const from = this.#locate(read);
    const isLastRead = (this.#lastRead.get(read) ?? -1) <= index;
    const target = this.#graph.updates.find(({ value }) => rootOf(value) === write)?.variable;
    const isOwnUpdate = from.kind === "variable" && this.#variables[from.index] === target;
    if (isLastRead && (isOwnUpdate || from.kind === "temporary")) {
      this.#locations.set(write, from);
      return;
    }
    const to: Location = { kind: "temporary", index: this.#pool.take(bytesOf(operand)) };
    this.#locations.set(write, to);
    this.#commands.push({ kind: "copy", from, to, bytes: bytesOf(operand) });
  }

  /** Frees the buffers whose last use is call `index`. */
  #freeAfter(index: number, tensors: readonly Tensor[]): void {
    const holders = new Map<number, boolean>();
    for (const tensor of new Set(tensors)) {
      const location = this.#locations.get(tensor);
      if (location?.kind !== "temporary") continue;
      const isDone = (this.#lastRead.get(tensor) ?? -1) <= index;
      holders.set(location.index, isDone && (holders.get(location.index) ?? true));
    }
    for (const [buffer, isDone] of holders) if (isDone) this.#pool.give(buffer);
  }

  /**
   * Copies updates into their variables. A value that is stored in a variable is copied aside first, because it may be
   * overwritten.
   */
  #commits(): CopyCommand[] {
    const aside: CopyCommand[] = [];
    const commits: CopyCommand[] = [];
    for (const { variable, value } of this.#graph.updates) {
      const to = this.#variable(variable);
      let from = this.#locate(rootOf(value));
      if (from.kind === "variable" && from.index === to.index) continue;
      const bytes = bytesOf(variable);
      if (from.kind === "variable") {
        const held: Location = { kind: "temporary", index: this.#pool.take(bytes) };
        aside.push({ kind: "copy", from, to: held, bytes });
        from = held;
      }
      commits.push({ kind: "copy", from, to, bytes });
    }
    return [...aside, ...commits];
  }
}
