/** Planning a model's prediction ahead: shaders, buffers and dispatches as JSON, for any adapter. */
import { checkCount } from "../../core/check_count.ts";
import { LimitError, ValueError } from "../../core/errors.ts";
import { packParams } from "../../core/kernel_call.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { input, type Variable } from "../../graph/operation.ts";
import {
  type BoundBuffer,
  type Command,
  type CopyCommand,
  type Location,
  largestBinding,
  type Plan,
} from "../../runtime/plan/plan.ts";
import { PORTABLE_TRAITS, planPortably } from "../../runtime/plan/portable.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import { LOCATION_KINDS, MOST, PLAN_FORMAT, PLAN_VERSION } from "./format.ts";

/** How a predictor is planned. */
export interface PredictorOptions {
  /**
   * The batches that are planned, by rows. What is asked for is cut into the largest, and the rest is filled up to the
   * smallest that holds it. `[1, 8, 32]` when absent. A model with `stateful` layers takes one size, and whole batches
   * of it.
   */
  readonly batchSizes?: readonly number[];
}

const BATCH_SIZES = [1, 8, 32] as const;

/** A model, as far as it predicts. */
interface PlannedModel {
  readonly name: string;
  readonly graph: LayerGraph;
  readonly namedWeights: ReadonlyMap<string, Variable>;
}

/**
 * The plan file of a model.
 * @throws ValueError when a batch size is none, or a stateful model is given several.
 * @throws LimitError when a batch needs a buffer that not every adapter can bind.
 */
export function writePlan(model: PlannedModel, { batchSizes }: PredictorOptions = {}): Uint8Array {
  const { graph } = model;
  const sizes = sizesOf(model, batchSizes);
  const shaders = new Places<string>();
  const variables = new Places<Variable>();
  const plans = sizes.map((batchSize) => {
    const xs = graph.inputSpecs.map(({ name, shape, dtype }) => input(name, [batchSize, ...shape], dtype));
    const { outputs, updates } = graph.build(xs);
    const plan = planPortably({ outputs, updates }, xs);
    expectPortable(plan, batchSize);
    return { batchSize, ...describePlan(plan, shaders, variables) };
  });
  const names = new Map([...model.namedWeights].map(([name, weight]) => [weight, name]));
  const json = {
    format: PLAN_FORMAT,
    formatVersion: PLAN_VERSION,
    inputs: graph.inputSpecs.map(({ idLimit, ...spec }) => ({ ...spec, idLimit: idLimit ?? null })),
    outputs: graph.outputShapes,
    variables: variables.all.map((variable) => {
      const { name, shape, dtype } = variable;
      const weight = names.get(variable);
      return { name: weight ?? name, shape, dtype, isState: weight === undefined };
    }),
    shaders: shaders.all,
    plans,
  };
  return new TextEncoder().encode(`${JSON.stringify(json)}\n`);
}

function sizesOf({ name, graph }: PlannedModel, given: readonly number[] | undefined): number[] {
  const sizes = [...new Set(given ?? BATCH_SIZES)].sort((a, b) => a - b);
  for (const size of sizes) checkCount("predictor", "batchSizes", size);
  if (sizes.length === 0 || sizes.length > MOST.batchSizes) {
    throw new ValueError(`predictor: got ${sizes.length} batchSizes; expected 1 to ${MOST.batchSizes}`, { sizes });
  }
  const isStateful = graph.layers.some((layer) => "stateful" in layer && layer.stateful === true);
  if (isStateful && sizes.length > 1) {
    throw new ValueError(
      `predictor: the model "${name}" has stateful layers, whose states belong to a batch of one size; give that ` +
        "size alone, as in { predictor: { batchSizes: [8] } }",
      { sizes },
    );
  }
  return sizes;
}

/** @throws LimitError when an adapter with WebGPU's default limits could not run the plan. */
function expectPortable(plan: Plan, batchSize: number): void {
  const limit = PORTABLE_TRAITS.limits.maxStorageBufferBindingSize;
  const largest = largestBinding(plan);
  if (largest <= limit) return;
  throw new LimitError(
    `predictor: a batch of ${batchSize} needs a buffer of ${largest} bytes; not every adapter binds more than ` +
      `${limit}. Give smaller batchSizes, or leave predictor out and use loadModel`,
    { batchSize, bytes: largest, limit },
  );
}

/** Things by their number, each once. */
class Places<T> {
  readonly #places = new Map<T, number>();

  at(thing: T): number {
    const known = this.#places.get(thing);
    if (known !== undefined) return known;
    this.#places.set(thing, this.#places.size);
    return this.#places.size - 1;
  }

  get all(): readonly T[] {
    return [...this.#places.keys()];
  }
}

function describePlan(plan: Plan, shaders: Places<string>, variables: Places<Variable>) {
  const place = ({ kind, index }: Location) => [
    LOCATION_KINDS.indexOf(kind),
    kind === "variable" ? variables.at(plan.variables[index] as Variable) : index,
  ];
  const copy = ({ from, to, bytes }: CopyCommand) => ({ copy: [...place(from), ...place(to), bytes] });
  const command = (each: Command) => {
    if (each.kind === "copy") return copy(each);
    const { label, source, entryPoint, params, access, workgroups } = each.dispatch;
    const words = new Uint32Array(packParams(params)).subarray(0, params.length);
    const bind = ({ location, bytes }: BoundBuffer, at: number) => [
      ...place(location),
      bytes,
      access[at] === "read" ? 0 : 1,
    ];
    return {
      label,
      shader: shaders.at(source),
      entryPoint,
      params: [...words],
      buffers: each.buffers.flatMap(bind),
      workgroups,
    };
  };
  return {
    temporaries: plan.temporaries,
    constants: plan.constants.map(describeConstant),
    steps: plan.commands.map(command),
    commits: plan.commits.map(copy),
    outputs: plan.outputs.flatMap(({ location }) => place(location)),
  };
}

/** By its bits: JSON has no numbers that are not finite. */
function describeConstant({ shape, data }: NdArray) {
  const dtype = data instanceof Float32Array ? "float32" : "int32";
  return { shape, dtype, bits: [...new Uint32Array(data.buffer, data.byteOffset, data.length)] };
}
