/** Reads the calls of a functional model. Keras does not guarantee their order. */
import { FormatError } from "../core/errors.ts";
import { countOf, objectOf, show, textOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import type { LayerGraph } from "../nn/graph/layer_graph.ts";
import { NestedModel } from "../nn/graph/nested_model.ts";
import { type Layer, SymbolicTensor } from "../nn/layers/index.ts";
import { callsWithMasks, type ItemRead } from "../nn/show/mask_operations.ts";
import { type Fields, listOf } from "./keras_entry.ts";
import { layerRow } from "./layer_table.ts";

/**
 * A mask that Keras computes with separate operations but Sluice's layers compute themselves: `NotEqual`, and `Any`
 * over features.
 */
interface MaskOperation {
  readonly kind: "mask";
  readonly of: SymbolicTensor;
  readonly value: number;
}

type Made = SymbolicTensor | MaskOperation;

/** A layer or operation whose calls wait for their inputs. */
interface Pending {
  readonly name: string;
  readonly calls: readonly JsonValue[];
  next: number;
  /** Creates the call's outputs. */
  readonly call: (args: readonly JsonValue[], kwargs: Fields, what: string) => readonly Made[];
}

/** Thrown if a call reads a tensor that does not exist yet. */
class NotYet extends Error {}

/** Collects layers and operations, then runs all calls. */
export class CallReader {
  readonly #what: string;
  readonly #made = new Map<string, (readonly Made[])[]>();
  readonly #pending: Pending[] = [];
  readonly #inner = new Set<string>();
  readonly #masks: {
    readonly layer: Layer;
    readonly call: number;
    readonly index: number;
    readonly mask: MaskOperation;
  }[] = [];

  constructor(what: string) {
    this.#what = what;
  }

  /** Whether a class is one of Keras's mask operations. */
  static isOperation(className: string): boolean {
    return className === "NotEqual" || className === "Any";
  }

  addInput(name: string, tensor: SymbolicTensor): void {
    this.#enter(name).push([tensor]);
  }

  addLayer(name: string, layer: Layer, calls: readonly JsonValue[]): void {
    this.#enter(name);
    if (layer instanceof NestedModel && layer.className === "Functional") this.#inner.add(name);
    this.#pending.push({
      name,
      calls,
      next: 0,
      call: (args, kwargs, what) => this.#callLayer(layer, args, kwargs, what),
    });
  }

  addOperation(name: string, className: string, calls: readonly JsonValue[]): void {
    this.#enter(name);
    const call = className === "NotEqual" ? this.#notEqual.bind(this) : this.#any.bind(this);
    this.#pending.push({ name, calls, next: 0, call });
  }

  /** Runs all calls in topological order. @throws FormatError for cyclic or missing inputs. */
  run(): void {
    for (let isMoving = true; isMoving; ) {
      isMoving = false;
      for (const pending of this.#pending) while (this.#step(pending)) isMoving = true;
    }
    const stuck = this.#pending.find(({ calls, next }) => next < calls.length);
    if (stuck !== undefined) {
      throw new FormatError(`${this.#what}: "${stuck.name}" reads a tensor that no layer outputs, or its own output`, {
        layer: stuck.name,
      });
    }
  }

  /** Reads a model's inputs or outputs: one tensor, or a list. */
  ends(value: JsonValue | undefined, what: string): SymbolicTensor[] {
    const list = listOf(value, what);
    const ends = typeof list[0] === "string" ? [list] : list;
    return ends.map((end) => {
      const [name, call, output] = listOf(end, what);
      const layer = textOf(name, what);
      // For a nested functional model, Keras counts calls from 1 here, and from 0 within the calls.
      const made = this.#lookUp([layer, countOf(call, what) - (this.#inner.has(layer) ? 1 : 0), countOf(output, what)]);
      if (made instanceof SymbolicTensor) return made;
      throw new FormatError(`${what}: ${show(end)} is ${made === undefined ? "made by no call" : "a mask"}`);
    });
  }

  /** @throws FormatError if the file's mask differs from the one that Sluice's layer uses. */
  checkMasks(graph: LayerGraph): void {
    if (this.#masks.length === 0) return;
    const { nodes } = callsWithMasks(graph);
    for (const { layer, call, index, mask } of this.#masks) {
      const node = layer.nodes[call];
      const read = node && nodes.get(node)?.masks[index];
      const { of, value } = mask;
      const root = read && rootOf(read);
      const isSame = root?.node.layer.layer === of.node.layer && root?.index === of.index;
      const isMade = graph.nodes.some(
        ({ layer: maker, inputs }) =>
          inputs[0] === of && ((maker.config.maskZero === true && value === 0) || maker.config.maskValue === value),
      );
      if (isSame && isMade) continue;
      throw new FormatError(
        `${this.#what}: ${layer.className} "${layer.name}" reads a mask made of "${of.node.layer.name}" and ${value} ` +
          "by an operation of its own, which Sluice lacks; it has the masks of Embedding and Masking",
        { layer: layer.name },
      );
    }
  }

  #enter(name: string): (readonly Made[])[] {
    if (this.#made.has(name)) throw new FormatError(`${this.#what}: two layers are called "${name.slice(0, 80)}"`);
    const calls: (readonly Made[])[] = [];
    this.#made.set(name, calls);
    return calls;
  }

  #step(pending: Pending): boolean {
    const call = pending.calls[pending.next];
    if (call === undefined) return false;
    const what = `${this.#what}: "${pending.name}"`;
    const fields = objectOf(call, what);
    const kwargs = fields.has("kwargs") ? objectOf(fields.get("kwargs"), `${what}: kwargs`) : new Map();
    try {
      const made = pending.call(listOf(fields.get("args"), `${what}: args`), kwargs, what);
      this.#made.get(pending.name)?.push(made);
      pending.next++;
      return true;
    } catch (cause) {
      if (cause instanceof NotYet) return false;
      throw cause;
    }
  }

  #callLayer(layer: Layer, args: readonly JsonValue[], kwargs: Fields, what: string): readonly SymbolicTensor[] {
    const row = layerRow(layer.className);
    const { callArguments: order = ["inputs"], inputArguments = order.slice(0, 1) } = row ?? {};
    const placed = args.map((value, index): [string, JsonValue] => [order[index] ?? `argument ${index}`, value]);
    const given = new Map([...placed, ...kwargs]);
    const inputs = inputArguments
      .filter((name, index) => index === 0 || (given.get(name) ?? null) !== null)
      .flatMap((name) => this.#tensors(given.get(name), what));
    const call = layer.nodes.length;
    const maskNames = row?.inputArguments?.map((name) => `${name}_mask`) ?? ["mask"];
    const masks = maskNames.flatMap((name) => this.#tensors(given.get(name) ?? null, `${what}: ${name}`, true));
    const states = given.get("initial_state") ?? null;
    const initialState = states === null ? undefined : this.#tensors(states, `${what}: initial_state`);
    for (const [key, value] of given) {
      const own = row?.callOptions?.[key];
      const isRead = inputArguments.includes(key) || maskNames.includes(key) || key === "initial_state";
      if (isRead || value === null || value === false || (own !== undefined && layer.config[own] === value)) continue;
      throw new FormatError(`${what} is called with ${key} ${show(value)}, which Sluice lacks`, { option: key });
    }
    for (const [index, mask] of masks.entries()) {
      if (mask !== undefined && !(mask instanceof SymbolicTensor)) this.#masks.push({ layer, call, index, mask });
    }
    layer.call(expectTensors(inputs, what), {
      mask: masks.map((mask) => (mask instanceof SymbolicTensor ? mask : undefined)),
      initialState: initialState && expectTensors(initialState, `${what}: initial_state`),
    });
    return (layer.nodes[call] as Layer["nodes"][number]).outputs;
  }

  #notEqual(args: readonly JsonValue[], kwargs: Fields, what: string): readonly Made[] {
    const [of] = expectTensors(this.#tensors(args[0] ?? kwargs.get("x1"), what), what);
    const value = args[1] ?? kwargs.get("x2");
    if (of !== undefined && typeof value === "number") return [{ kind: "mask", of, value }];
    throw new FormatError(
      `${what} is NotEqual of ${show(value)}; Sluice has it as a mask alone, of a tensor and a number`,
    );
  }

  #any(args: readonly JsonValue[], kwargs: Fields, what: string): readonly Made[] {
    const [mask] = this.#tensors(args[0] ?? kwargs.get("x"), what);
    if (mask !== undefined && !(mask instanceof SymbolicTensor)) return [mask];
    throw new FormatError(`${what} is Any of a tensor that is not a mask, which Sluice lacks`);
  }

  /** Reads one tensor, or a list in which some may be null. */
  #tensors(value: JsonValue | undefined, what: string, mayLack = false): (Made | undefined)[] {
    const list = Array.isArray(value) ? listOf(value, what) : [value ?? null];
    return list.map((item) => {
      if (item === null && mayLack) return undefined;
      const fields = objectOf(item, what);
      if (fields.get("class_name") !== "__keras_tensor__") {
        throw new FormatError(`${what} reads ${show(item)}; expected a tensor of another layer`);
      }
      const history = objectOf(fields.get("config"), what).get("keras_history");
      const [name, call, output] = listOf(history, `${what}: keras_history`);
      const made = this.#lookUp([textOf(name, what), countOf(call, what), countOf(output, what)]);
      if (made === undefined) throw new NotYet();
      return made;
    });
  }

  #lookUp([name, call, output]: readonly [string, number, number]): Made | undefined {
    return this.#made.get(name)?.[call]?.[output];
  }
}

function expectTensors(made: readonly (Made | undefined)[], what: string): SymbolicTensor[] {
  return made.map((each) => {
    if (each instanceof SymbolicTensor) return each;
    throw new FormatError(`${what} reads a mask as its input, which Sluice lacks`);
  });
}

/** The tensor that a mask was computed from. */
function rootOf(read: ItemRead): ItemRead {
  let root = read;
  while (root.node.layer.layer === undefined && root.node.reads[0] !== undefined) root = root.node.reads[0];
  return root;
}
