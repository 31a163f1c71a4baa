/** The file of a prediction plan: it has no shader code, and what is read from it is what the planner made. */
import "../../src/node.ts";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { full, type NdArray } from "../../src/core/nd_array.ts";
import { input as graphInput } from "../../src/graph/operation.ts";
import {
  type Device,
  dense,
  embedding,
  model as functional,
  gru,
  input,
  layerNormalization,
  lstm,
  lstmCell,
  type Model,
  peepholeLstmCell,
  requestDevice,
  rnn,
  type SymbolicTensor,
  sequential,
  simpleRnn,
} from "../../src/index.ts";
import { RULE_SETS } from "../../src/kernels/plan_rules/index.ts";
import type { RuleSet } from "../../src/kernels/plan_rules/rule.ts";
import type { ShaderFile } from "../../src/kernels/wgsl/parsed.ts";
import * as layers from "../../src/nn/layers/index.ts";
import { readPlan } from "../../src/nn/saved_plan/read.ts";
import { writePlan } from "../../src/nn/saved_plan/write.ts";
import { loadShaders } from "../../src/predict/load_shaders.ts";
import type { Plan } from "../../src/runtime/plan/plan.ts";
import { planPortably } from "../../src/runtime/plan/portable.ts";
import { everything } from "../conformance/functional.ts";
import type { KerasLayerCase } from "../conformance/keras_case.ts";
import fixtures from "../fixtures/keras_layers.json" with { type: "json" };
import { SHADER_FILES } from "../kernels/wgsl/shader_files.ts";

const device = await requestDevice();
afterAll(() => device.dispose());

const BATCHES = [1, 5, 64];

type AnyModel = Model<NdArray> | Model<NdArray[]>;

const keras = (fixtures as unknown as readonly (KerasLayerCase & { readonly layer: string })[]).map(
  ({ name, layer, options, inputs }): [string, (on: Device) => AnyModel] => [
    name,
    (on) => {
      const make = new Map<string, unknown>(Object.entries(layers)).get(layer) as (given: unknown) => layers.Layer;
      const dtype = layer === "embedding" ? "int32" : "float32";
      const starts = inputs.map(({ shape }) => input({ shape: shape.slice(1), dtype }));
      const [start, ...others] = starts as [SymbolicTensor];
      const end = make(options).call(others.length === 0 ? start : starts);
      return functional({ inputs: starts, outputs: [end], device: on });
    },
  ],
);

const built: readonly [string, (on: Device) => AnyModel][] = [
  ["masks, states, several outputs", everything],
  [
    "the tutorial's model",
    (on) =>
      sequential([embedding({ inputDim: 5000, outputDim: 32 }), lstm({ units: 100 }), dense({ units: 1 })], {
        device: on,
        inputShape: [500],
      }),
  ],
  [
    "wide layers",
    (on) =>
      sequential(
        [
          embedding({ inputDim: 500, outputDim: 30, maskZero: true }),
          gru({ units: 700, activation: "relu" }),
          layerNormalization(),
          dense({ units: 2001, activation: "softmax" }),
        ],
        { device: on, inputShape: [20] },
      ),
  ],
  [
    "long products",
    (on) =>
      sequential([dense({ units: 300, activation: "gelu" }), dense({ units: 3 })], { device: on, inputShape: [9000] }),
  ],
  [
    "a simple recurrent layer and a cell",
    (on) =>
      sequential([simpleRnn({ units: 6, returnSequences: true }), rnn({ cell: lstmCell({ units: 3 }) })], {
        device: on,
        inputShape: [4, 2],
      }),
  ],
  [
    "an LSTM with peepholes",
    (on) =>
      sequential([rnn({ cell: peepholeLstmCell({ units: 5 }), returnSequences: true }), lstm({ units: 3 })], {
        device: on,
        inputShape: [4, 2],
      }),
  ],
];

describe("a plan that is read is the plan that was made", () => {
  test.each([...keras, ...built])("%s", async (_, make) => {
    using model = make(device);
    const bytes = writePlan(model, { batchSizes: BATCHES });
    expect(new TextDecoder().decode(bytes)).not.toMatch(/@compute|fn |var<|let |;/);
    const { plans } = await readPlan(bytes, (_name, shape) => full(shape, "float32", 0), loadShaders);
    expect(plans.map(({ batchSize }) => batchSize)).toEqual(BATCHES);
    for (const { batchSize, plan } of plans) {
      const xs = model.graph.inputSpecs.map(({ name, shape, dtype }) => graphInput(name, [batchSize, ...shape], dtype));
      const { outputs, updates } = model.graph.build(xs);
      expect(commandsOf(plan)).toEqual(commandsOf(planPortably({ outputs, updates }, xs)));
    }
  });
});

/** What the GPU is asked to do; variables by their names and shapes, which a file numbers anew. */
function commandsOf({ commands, commits, temporaries, variables }: Plan): unknown {
  const described = commands.map((command) => {
    if (command.kind === "copy") return command;
    const { source, entryPoint, params, access, workgroups } = command.dispatch;
    const buffers = command.buffers.map(({ location: { kind, index }, bytes }) => {
      const shape = kind === "variable" ? variables[index]?.shape : index;
      return { kind, shape, bytes };
    });
    return { source, entryPoint, params, access, workgroups, buffers };
  });
  return { described, commits: commits.length, temporaries };
}

describe("the sets of shaders", () => {
  const folder = fileURLToPath(new URL("../../src/kernels/plan_shaders/", import.meta.url));
  const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const modules = readdirSync(folder).map((name) => [camelCase(name.replace(".ts", "")), `${folder}${name}`] as const);

  test("are those of the rules", () => {
    expect(modules.map(([name]) => name).sort()).toEqual(Object.keys(RULE_SETS).sort());
  });

  test.each(modules)("%s holds the files and the rules that its plans need", async (name, path) => {
    const { templates, rules }: { templates: Record<string, ShaderFile>; rules: object } = await import(path);
    const set = new Map<string, RuleSet>(Object.entries(RULE_SETS)).get(name);
    expect(Object.keys(templates).sort()).toEqual([...(set?.files ?? [])].sort());
    expect(rules).toEqual(set?.rules);
    for (const [file, text] of Object.entries(templates)) {
      expect(SHADER_FILES.find((each) => each.name.endsWith(`/${file}.wgsl`))?.source).toBe(text);
    }
    if (name !== "shared") await loadShaders([name], "the plan");
  });
});
