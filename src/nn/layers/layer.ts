/**
 * What a layer is: it declares weights once it knows its input's shape (layer_base.ts), is called on symbolic tensors,
 * and computes values. It knows nothing of the GPU.
 */
import type { DType } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import { checkedLater, ifGiven, readOptions, type TableOf } from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import type { Shape } from "../../core/shape.ts";
import type { Update, Value } from "../../graph/operation.ts";
import { checkHasState, checkMask, checkSameWeights, checkStates } from "./call_checks.ts";
import { LayerBase } from "./layer_base.ts";
import type { CallContext, StepLink, SymbolicType } from "./layer_types.ts";

export type * from "./layer_types.ts";

/** Options of a layer's `call` on symbolic tensors. */
export interface LayerCallOptions {
  /**
   * Where a recurrent layer starts: one tensor for each of its states, such as [h, c] of an LSTM. Zeros when absent.
   */
  readonly initialState?: SymbolicTensor | readonly (SymbolicTensor | undefined)[] | undefined;
  /** bool `[B, T]`: true for timesteps that count. The input's own mask when absent; a list for several inputs. */
  readonly mask?: SymbolicTensor | readonly (SymbolicTensor | undefined)[] | undefined;
}

/** What `compute` gives back: the output, and the mask and states that go with it. */
export interface CallResult {
  readonly output: Value;
  /** All outputs, `output` first, of a layer whose `outputShapes` are several. */
  readonly outputs?: readonly Value[];
  /** The masks of `outputs`. */
  readonly masks?: readonly (Value | undefined)[];
  /** The mask of `output`, for the next layer. */
  readonly mask?: Value | undefined;
  /** Final states, where the layer has them. */
  readonly states?: readonly Value[];
  /**
   * What a recurrent layer's steps kept, `[B, T, parts·H]`, such as i, f, candidate, o and c; and the names of the
   * parts.
   */
  readonly saved?: Value;
  readonly savedNames?: readonly string[];
  /** How a recurrent layer's hidden state reaches the next step, where its kernel ran without a mask. */
  readonly link?: StepLink;
  /** h of every timestep, `[B, T, H]`. */
  readonly hidden?: Value;
  /** What variables of the layer hold after the run: moving statistics, states that live on. */
  readonly updates?: readonly Update[];
  /** What layers inside add to the loss, of a layer that is a model. */
  readonly penalties?: readonly Value[];
  /** What the layers inside gave, of a layer that is a model. */
  readonly traces?: readonly LayerTrace[];
}

/** What a layer gave in one build of a graph. */
export interface LayerTrace {
  readonly layer: Layer;
  readonly result: CallResult;
}

const CALL = {
  initialState: ifGiven(checkedLater<LayerCallOptions["initialState"]>("states")),
  mask: ifGiven(checkedLater<LayerCallOptions["mask"]>("a mask")),
} satisfies TableOf<LayerCallOptions>;

/**
 * A tensor of a model that is being written: what `input()` gives, and what a layer's `call` gives back. It holds no
 * numbers.
 * Keras: https://keras.io/api/models/model/#functional-api
 */
export class SymbolicTensor implements SymbolicType {
  /** Without the batch. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** The call that makes this tensor. */
  readonly node: LayerNode;
  /** Which of the call's outputs this is. */
  readonly index: number;

  constructor(node: LayerNode, index: number, { shape, dtype }: SymbolicType) {
    this.node = node;
    this.index = index;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** Where it comes from, as Keras prints it: layer, which call of the layer, which output. */
  get source(): string {
    return `${this.node.layer.name || this.node.layer.className}[${this.node.index}][${this.index}]`;
  }
}

/** What a layer is called on. */
export interface NodeArguments {
  readonly inputs: readonly SymbolicTensor[];
  /** Masks given by the caller, one for each input; where undefined, the input's own mask counts. */
  readonly masks: readonly (SymbolicTensor | undefined)[];
  readonly initialState: readonly SymbolicTensor[] | undefined;
}

/** One call of a layer. A layer that is called several times is shared: its weights are the same in all of them. */
export class LayerNode implements NodeArguments {
  readonly layer: Layer;
  /** Which call of the layer this is. */
  readonly index: number;
  readonly inputs: readonly SymbolicTensor[];
  readonly masks: readonly (SymbolicTensor | undefined)[];
  readonly initialState: readonly SymbolicTensor[] | undefined;
  readonly outputs: readonly SymbolicTensor[];

  constructor(layer: Layer, { inputs, masks, initialState }: NodeArguments, types: readonly SymbolicType[]) {
    this.layer = layer;
    this.index = layer.nodes.length;
    this.inputs = inputs;
    this.masks = masks;
    this.initialState = initialState;
    this.outputs = types.map((type, index) => new SymbolicTensor(this, index, type));
    layer.nodes.push(this);
  }

  /** Every tensor that the call reads, in Keras's order. */
  get reads(): readonly SymbolicTensor[] {
    return [...this.inputs, ...(this.initialState ?? []), ...this.masks.filter((mask) => mask !== undefined)];
  }
}

/** @throws ValueError when something else came where a symbolic tensor is wanted. */
export function expectSymbolic(given: unknown, what: string): SymbolicTensor {
  if (given instanceof SymbolicTensor) return given;
  throw new ValueError(
    `${what}: got ${shown(given)}; expected a symbolic tensor, as input({ shape }) and a layer's call give. To ` +
      "compute on data, put the layer into a model and call predict.",
  );
}

/** A symbolic tensor, or a list of them, as a list. @throws ValueError for anything else. */
export function symbolicList(given: unknown, what: string): readonly SymbolicTensor[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  // Not `map`, which leaves holes out.
  return Array.from(list, (each) => expectSymbolic(each, what));
}

/** The masks given for the inputs of a call, one for each input. */
function masksOf(
  what: string,
  given: unknown,
  inputs: readonly SymbolicTensor[],
): readonly (SymbolicTensor | undefined)[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return inputs.map(({ shape }, index) => {
    const mask = list[index] ?? undefined;
    return mask === undefined ? undefined : checkMask(what, expectSymbolic(mask, `${what}: mask`), shape);
  });
}

/** The base of all layers. Subclasses say which weights they have and what they compute. */
export abstract class Layer extends LayerBase {
  /** The calls on symbolic tensors so far. More than one: the layer is shared. */
  readonly nodes: LayerNode[] = [];

  /**
   * Calls the layer in a functional model: on one symbolic tensor, or on a list where it joins several. A layer with
   * `returnState` gives a list, the output first.
   * @throws ValueError, ShapeError or DTypeError where the call does not fit the layer.
   * @example
   * const [hidden, h, c] = lstm({ units: 8, returnSequences: true, returnState: true }).call(x);
   * const answer = lstm({ units: 8 }).call(y, { initialState: [h, c] });
   */
  call(
    this: Layer & { readonly returnState: true },
    inputs: SymbolicTensor | readonly SymbolicTensor[],
    options?: LayerCallOptions,
  ): [SymbolicTensor, SymbolicTensor, ...SymbolicTensor[]];
  call(inputs: SymbolicTensor | readonly SymbolicTensor[], options?: LayerCallOptions): SymbolicTensor;
  call(
    inputs: SymbolicTensor | readonly SymbolicTensor[],
    options: LayerCallOptions = {},
  ): SymbolicTensor | SymbolicTensor[] {
    const what = this.label;
    const { mask, initialState: states } = readOptions(`${what}: call(x)`, CALL, options);
    const tensors = symbolicList(inputs, `${what}: call`);
    this.expectKnownOptions();
    const shapes = this.expectInputs(tensors.map(({ shape }) => shape));
    const [first] = this.nodes;
    const firstShapes = first === undefined ? shapes : this.expectInputs(first.inputs.map(({ shape }) => shape));
    checkSameWeights(what, [firstShapes, this.weightSpecs(...firstShapes)], [shapes, this.weightSpecs(...shapes)]);
    const masks = masksOf(what, mask, tensors);
    const initialState = this.#initialStateOf(what, states, shapes);
    const types = this.outputShapes(...shapes).map((shape) => ({ shape, dtype: this.outputDType }));
    const { outputs } = new LayerNode(this, { inputs: tensors, masks, initialState }, types);
    return outputs.length === 1 ? (outputs[0] as SymbolicTensor) : [...outputs];
  }

  #initialStateOf(
    what: string,
    given: LayerCallOptions["initialState"],
    shapes: readonly [Shape, ...Shape[]],
  ): readonly SymbolicTensor[] | undefined {
    if (given === undefined) return undefined;
    const wanted = this.stateShapes(...shapes);
    checkHasState(what, wanted);
    const states = symbolicList(given, `${what}: initialState`);
    checkStates(what, states, wanted);
    return states;
  }

  /** What the layer's only call gave. @throws ValueError when there was none, or several, or several outputs. */
  get output(): SymbolicTensor {
    const [node, another] = this.nodes;
    if (node === undefined || another !== undefined || node.outputs.length !== 1) {
      throw new ValueError(
        `the layer "${this.name || this.className}" has ` +
          (node === undefined
            ? "no output yet; call it first"
            : "several outputs; take the one you mean from its calls (layer.nodes)"),
      );
    }
    return node.outputs[0] as SymbolicTensor;
  }

  /** The output's shape without the batch. */
  abstract outputShape(inputShape: Shape, ...others: readonly Shape[]): Shape;

  /** The shapes of all outputs, for a layer that gives several. */
  outputShapes(inputShape: Shape, ...others: readonly Shape[]): readonly Shape[] {
    return [this.outputShape(inputShape, ...others)];
  }

  /** The shapes of the states that a recurrent layer starts from, without the batch; none for other layers. */
  stateShapes(_inputShape: Shape, ..._others: readonly Shape[]): readonly Shape[] {
    return [];
  }

  /** Builds the layer's output for x `[B, ...inputShape]`; further inputs are in `context.inputs`. */
  abstract compute(x: Value, context: CallContext): CallResult;

  /** The dtype that the layer wants as the model's input. */
  get inputDType(): "float32" | "int32" {
    return "float32";
  }

  /** Ids of the input must be below this; undefined where the input is no ids. */
  get idLimit(): number | undefined {
    return undefined;
  }

  /** What the input at `index` must be. */
  inputType(_index: number): { readonly dtype: DType; readonly idLimit: number | undefined } {
    return { dtype: this.inputDType, idLimit: this.idLimit };
  }

  /** The dtype of the outputs. */
  get outputDType(): DType {
    return "float32";
  }
}
