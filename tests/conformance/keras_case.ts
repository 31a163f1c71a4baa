/** What the cases on Keras's figures share: fixtures as arrays, a layer on given weights, comparing. */
import {
  type Device,
  inputValue,
  type NdArray,
  Program,
  type Shape,
  type Value,
  Variable,
  vjp,
} from "../../src/index.ts";
import type { Layer } from "../../src/nn/layers/index.ts";
import type { CallContext } from "../../src/nn/layers/layer.ts";
import { variablesOf } from "../../src/runtime/run/variables.ts";
import { expectClose, type Tolerance } from "../support/tolerance.ts";

/** An array of a fixture. */
export interface KerasArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Of a layer's value, and of its gradients: float32 against float32. */
export const VALUES: Tolerance = { absolute: 2e-6, relative: 1e-5 };
export const GRADIENTS: Tolerance = { absolute: 1e-5, relative: 1e-4 };

/** As float32, or as int32. */
export function toArray({ shape, data }: KerasArray, dtype: "float32" | "int32" = "float32"): NdArray {
  return { shape, data: dtype === "float32" ? Float32Array.from(data) : Int32Array.from(data) };
}

/** Runs a graph once on the device; its variables are released. */
export async function runOnce(
  device: Device,
  label: string,
  outputs: readonly Value[],
  feeds: ReadonlyMap<Value, NdArray>,
  variables: readonly Variable[] = [],
): Promise<NdArray[]> {
  const program = await Program.compile(device, { outputs, updates: [] }, { label, inputs: [...feeds.keys()] });
  try {
    return await program.run(feeds);
  } finally {
    program.dispose();
    variablesOf(device).release(variables);
  }
}

/** Gives a layer its weights; those absent come from its initializers. */
export function buildLayer(
  layer: Layer,
  inputShapes: readonly Shape[],
  weights?: readonly KerasArray[],
): readonly Variable[] {
  let next = 0;
  layer.build(inputShapes, ({ name, shape, initializer, trainable = true }) => {
    const given = weights?.[next++];
    return new Variable({
      name,
      shape,
      trainable,
      initial: () => (given ? toArray(given) : { shape, data: initializer.fill(shape, undefined as never) }),
    });
  });
  return layer.weights;
}

/** A layer's context outside a model: `mask` is that of the first input. */
export function contextOf(inputs: readonly Value[], parts: Partial<CallContext> = {}): CallContext {
  const random = () => {
    throw new Error("this layer asked for random numbers");
  };
  return {
    training: false,
    random,
    inputs,
    masks: inputs.map((_, index) => (index === 0 ? parts.mask : undefined)),
    ...parts,
  };
}

/** A case of `recurrent_layers` or `other_layers`. */
export interface KerasLayerCase {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: readonly KerasArray[];
  readonly weights: readonly KerasArray[];
  readonly mask?: KerasArray;
  readonly initialState?: readonly KerasArray[];
  readonly outputs: readonly KerasArray[];
  readonly cotangents: readonly KerasArray[];
  /** Null for weights that are not trained. */
  readonly weightGradients: readonly (KerasArray | null)[];
  readonly training?: boolean;
  readonly inputGradients: readonly (KerasArray | null)[];
}

/** Outputs, weight gradients and input gradients of a layer, on the GPU, against Keras's. */
export async function compareLayer(
  device: Device,
  layer: Layer,
  fixture: KerasLayerCase,
  other?: Tolerance,
): Promise<void> {
  const variables = buildLayer(
    layer,
    fixture.inputs.map(({ shape }) => shape.slice(1)),
    fixture.weights,
  );
  const feeds = new Map<Value, NdArray>();
  const feed = (name: string, array: KerasArray, dtype: "float32" | "int32" | "bool" = "float32"): Value => {
    const value = inputValue(name, array.shape, dtype);
    feeds.set(value, toArray(array, dtype === "float32" ? "float32" : "int32"));
    return value;
  };
  const sources = fixture.inputs.map((array, index) => feed(`input ${index}`, array, layer.inputDType));
  const result = layer.compute(
    sources[0] as Value,
    contextOf(sources, {
      training: fixture.training ?? false,
      mask: fixture.mask && feed("mask", fixture.mask, "bool"),
      initialState: fixture.initialState?.map((array, index) => feed(`state ${index}`, array)),
    }),
  );
  const outputs = [result.output, ...(fixture.outputs.length > 1 ? (result.states ?? []) : [])];
  const cotangents = fixture.cotangents.map((array, index) => feed(`cotangent ${index}`, array));
  const trained = variables.filter((_, index) => fixture.weightGradients[index] !== null);
  const wrt = [...trained.map(({ value }) => value), ...sources.filter(({ dtype }) => dtype === "float32")];
  const came = await runOnce(device, fixture.name, [...outputs, ...vjp(outputs, cotangents, wrt)], feeds, variables);
  const gradients = [...fixture.weightGradients, ...fixture.inputGradients].filter((gradient) => gradient !== null);
  const wanted = [...fixture.outputs, ...gradients];
  const labels = [
    ...fixture.outputs.map((_, index) => `output ${index}`),
    ...trained.map(({ name }) => `gradient by ${name}`),
    ...fixture.inputs.map((_, index) => `gradient by input ${index}`),
  ];
  wanted.forEach((array, index) => {
    const tolerance = other ?? (index < fixture.outputs.length ? VALUES : GRADIENTS);
    expectClose(`${fixture.name}: ${labels[index]}`, came[index] as NdArray, array, tolerance);
  });
}
