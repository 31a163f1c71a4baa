/** Writes a model's prediction plan as JSON for any adapter: shader recipes, buffers and dispatches. */
import { LimitError, ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { ifGiven, listOf, positive, readOptions, type TableOf } from "../../core/option_table.ts";
import type { ExpressionOperand, FusedExpression, ShaderRecipe } from "../../core/shader_recipe.ts";
import { input, type Variable } from "../../graph/operation.ts";
import { ruleOf, setsOf } from "../../kernels/plan_rules/index.ts";
import {
  type BoundBuffer,
  type Command,
  type CopyCommand,
  type DispatchCommand,
  type Location,
  largestBinding,
  type Plan,
} from "../../runtime/plan/plan.ts";
import { PORTABLE_TRAITS, planPortably } from "../../runtime/plan/portable.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import { workOf } from "./check_demand.ts";
import { LOCATION_KINDS, MOST, PLAN_FORMAT, PLAN_VERSION } from "./format.ts";

/** Options of the saved predictor. */
export interface PredictorOptions {
  /**
   * The planned batch sizes. Inputs are split into batches of the largest size; the rest is padded to the smallest size
   * that holds it. Default: `[1, 8, 32]`. A model with `stateful` layers needs exactly one size, and inputs of whole
   * batches.
   */
  readonly batchSizes?: readonly number[] | undefined;
}

const PREDICTOR = { batchSizes: ifGiven(listOf(positive)) } satisfies TableOf<PredictorOptions>;

const BATCH_SIZES = [1, 8, 32] as const;

/** The parts of a model that prediction needs. */
interface PlannedModel {
  readonly name: string;
  readonly graph: LayerGraph;
  readonly namedWeights: ReadonlyMap<string, Variable>;
}

/**
 * Creates the plan file of a model.
 * @throws ValueError if a batch size is invalid, or a stateful model has several.
 * @throws LimitError if a batch needs a buffer that some adapters cannot bind.
 */
export function writePlan(model: PlannedModel, options: PredictorOptions = {}): Uint8Array {
  const { batchSizes } = readOptions("predictor", PREDICTOR, options);
  const { graph } = model;
  const sizes = sizesOf(model, batchSizes);
  const shaders = new Places<string>();
  const files: (readonly string[])[] = [];
  const variables = new Places<Variable>();
  const plans = sizes.map((batchSize) => {
    const xs = graph.inputSpecs.map(({ name, shape, dtype }) => input(name, [batchSize, ...shape], dtype));
    const { outputs, updates } = graph.build(xs);
    const plan = planPortably({ outputs, updates }, xs);
    expectPortable(plan, batchSize);
    for (const command of plan.commands) {
      if (command.kind === "dispatch") files.push(command.dispatch.recipe.shader.files);
    }
    return { batchSize, ...describePlan(plan, shaders, variables) };
  });
  expectLimit("distinct shaders", shaders.all.length, MOST.shaders);
  expectLimit(
    "steps",
    plans.reduce((sum, { steps, commits }) => sum + steps.length + commits.length, 0),
    MOST.steps,
  );
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
    gpu: { sets: setsOf(files), shaders: shaders.all.map((shader) => JSON.parse(shader)), plans },
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(json)}\n`);
  expectLimit("bytes", bytes.length, MOST.bytes);
  return bytes;
}

/** @throws LimitError if a plan exceeds a limit of the format. */
function expectLimit(what: string, count: number, most: number): void {
  if (count <= most) return;
  throw new LimitError(
    `predictor: the plan has ${count} ${what}; a plan has at most ${most}. Give fewer batchSizes, or leave predictor ` +
      "out and use loadModel",
    { count, most },
  );
}

function sizesOf({ name, graph }: PlannedModel, given: readonly number[] | undefined): number[] {
  const sizes = [...new Set(given ?? BATCH_SIZES)].sort((a, b) => a - b);
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

/** @throws LimitError if an adapter with WebGPU's default limits could not run the plan, or not fast enough. */
function expectPortable(plan: Plan, batchSize: number): void {
  const limit = PORTABLE_TRAITS.limits.maxStorageBufferBindingSize;
  const largest = largestBinding(plan);
  if (largest > limit) {
    throw new LimitError(
      `predictor: a batch of ${batchSize} needs a buffer of ${largest} bytes; not every adapter binds more than ` +
        `${limit}. Give smaller batchSizes, or leave predictor out and use loadModel`,
      { batchSize, bytes: largest, limit },
    );
  }
  const work = plan.commands.reduce(
    (sum, command) => sum + (command.kind === "dispatch" ? workOfCommand(command) : 0),
    0,
  );
  if (work <= MOST.work) return;
  throw new LimitError(
    `predictor: a batch of ${batchSize} takes ${work} multiply-adds; a plan takes at most ${MOST.work}. Give smaller ` +
      "batchSizes, or leave predictor out and use loadModel",
    { batchSize, work, most: MOST.work },
  );
}

/** @throws LimitError if the dispatch's shader cannot be used in plans. */
function workOfCommand({ dispatch, buffers, operation }: DispatchCommand): number {
  const { shader, params, buffers: names } = dispatch.recipe;
  const rule = ruleOf(shader.files);
  if (rule === undefined) {
    throw new LimitError(
      `predictor: the operation ${operation} runs the shader ${shader.files.join(" + ")}, which plans cannot name; ` +
        "leave predictor out and use loadModel",
      { operation, files: shader.files },
    );
  }
  const bytes = new Map<string, number[]>();
  names.forEach((name, at) => {
    const bound = buffers[at];
    if (bound !== undefined) bytes.set(name, [...(bytes.get(name) ?? []), bound.bytes]);
  });
  const { entryPoint, workgroups } = dispatch;
  const given = { entryPoint, workgroups, params: scalars(params), bytes, ...shader, expression: shader.expression };
  return workOf(rule, given, `the operation ${operation}`);
}

/** The params of a dispatch. Lists, with one entry per tensor, occur only in training. */
function scalars(params: Readonly<Record<string, number | readonly number[]>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === "number" ? value : Number.NaN]),
  );
}

/** Numbers distinct items. */
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
    const { recipe, entryPoint, workgroups } = each.dispatch;
    const buffers = new Map<string, number[] | number[][] | null>(recipe.absent.map((name) => [name, null]));
    for (const name of new Set(recipe.buffers)) {
      const bound = each.buffers.filter((_, at) => recipe.buffers[at] === name);
      const places = bound.map(({ location, bytes }: BoundBuffer) => [...place(location), bytes]);
      buffers.set(name, places.length === 1 ? (places[0] ?? null) : places);
    }
    return {
      shader: shaders.at(JSON.stringify(describeShader(recipe.shader))),
      entryPoint,
      params: recipe.params,
      buffers: Object.fromEntries(buffers),
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

/** Stored as bits, because JSON cannot represent non-finite numbers. */
function describeConstant({ shape, data }: NdArray) {
  const dtype = data instanceof Float32Array ? "float32" : "int32";
  return { shape, dtype, bits: [...new Uint32Array(data.buffer, data.byteOffset, data.length)] };
}

function describeShader({ files, constants, features, expression }: ShaderRecipe) {
  const described = expression === undefined ? null : describeExpression(expression);
  return { name: files.join("+"), constants, features, expression: described };
}

function describeExpression({ steps, ...expression }: FusedExpression) {
  const operand = (given: ExpressionOperand) =>
    "value" in given && !Number.isFinite(given.value) ? { ...given, value: String(given.value) } : given;
  const described = steps.map(({ operands, ...step }) => ({
    ...step,
    operands: Object.fromEntries(Object.entries(operands).map(([name, given]) => [name, operand(given)] as const)),
  }));
  return { ...expression, steps: described };
}
