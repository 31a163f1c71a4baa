/** Changes of a saved plan within its grammar: other constants, params, shaders, buffers, grids, expressions. */
import fc from "fast-check";
import { EXPRESSIONS } from "../../src/kernels/elementwise/elementwise.ts";
import { RULE_SETS } from "../../src/kernels/plan_rules/index.ts";
import type { RuleSet } from "../../src/kernels/plan_rules/rule.ts";

interface Shader {
  name: string;
  constants: Record<string, unknown>;
  features: unknown[];
  expression: { steps: Record<string, unknown>[]; rank: unknown } | null;
}
interface Step {
  shader?: number;
  entryPoint?: string;
  params?: Record<string, unknown>;
  buffers?: Record<string, unknown>;
  workgroups?: unknown[];
}
interface BatchPlan {
  batchSize: unknown;
  temporaries: unknown[];
  steps: Step[];
}
interface PlanFile {
  inputs: { shape: unknown[] }[];
  gpu: { sets: unknown[]; shaders: Shader[]; plans: BatchPlan[] };
}

const SETS = Object.entries<RuleSet>(RULE_SETS);
const RULES = SETS.flatMap(([, { rules }]) => Object.entries(rules));
const NAMES = RULES.map(([name]) => name);
const ENTRIES = RULES.flatMap(([, { entries }]) => Object.keys(entries));
const CONSTANTS = RULES.flatMap(([, { constants = {} }]) => Object.keys(constants));

const number = fc.constantFrom<unknown>(
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 63, 64, 65, 100, 256, 1024, 2048, 4096, 65535],
  ...[65536, 2 ** 20, 2 ** 25, 2 ** 27, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -1, 0.5, 1e308],
);
const constant = fc.oneof(
  number,
  fc.constantFrom<unknown>(true, false, "u32", "vec4u", "f32", "vec4f", "i32", "u32; fn f() { loop {} }", null, []),
);
const pick = fc.nat(2 ** 20);
const of = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

type Edit = (plan: PlanFile) => void;
const step = (plan: PlanFile, at: number): Step =>
  of(
    plan.gpu.plans.flatMap(({ steps }) => steps),
    at,
  ) ?? {};

/** A member of a record gets another value. */
function change(record: Record<string, unknown> | undefined, at: number, to: (old: unknown) => unknown): void {
  const name = of(Object.keys(record ?? {}), at);
  if (record !== undefined && name !== undefined) record[name] = to(record[name]);
}

const scaled = (by: number) => (old: unknown) => (typeof old === "number" ? Math.floor(old * by) : old);

const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(pick, pick, constant).map(
    ([a, b, value]): Edit =>
      ({ gpu }) =>
        change(of(gpu.shaders, a)?.constants, b, () => value),
  ),
  fc.tuple(pick, fc.constantFrom(...CONSTANTS), constant).map(
    ([a, name, value]): Edit =>
      ({ gpu }) => {
        const shader = of(gpu.shaders, a);
        if (shader !== undefined) shader.constants[name] = value;
      },
  ),
  fc.tuple(pick, fc.constantFrom(...NAMES)).map(
    ([a, name]): Edit =>
      ({ gpu }) => {
        const shader = of(gpu.shaders, a);
        if (shader !== undefined) shader.name = name;
      },
  ),
  fc.tuple(pick, pick, number).map(
    ([a, b, value]): Edit =>
      (plan) =>
        change(step(plan, a).params, b, () => value),
  ),
  fc.tuple(pick, pick, fc.constantFrom(0.25, 0.5, 0.999, 1.001, 2, 4, 64)).map(
    ([a, b, by]): Edit =>
      (plan) =>
        change(step(plan, a).params, b, scaled(by)),
  ),
  fc.tuple(pick, pick, pick, number).map(
    ([a, b, c, value]): Edit =>
      (plan) =>
        change(step(plan, a).buffers, b, (old) => {
          if (!Array.isArray(old)) return [4, 0, 4];
          return old.map((word, at) => (at === c % old.length ? value : word));
        }),
  ),
  fc.tuple(pick, pick, pick).map(
    ([a, b, c]): Edit =>
      (plan) => {
        const buffers = step(plan, a).buffers ?? {};
        const other = of(Object.values(buffers), c);
        change(buffers, b, () => other);
      },
  ),
  fc.tuple(pick, pick, number).map(
    ([a, b, value]): Edit =>
      (plan) => {
        const { workgroups = [] } = step(plan, a);
        workgroups[b % 3] = value;
      },
  ),
  fc.tuple(pick, pick).map(
    ([a, b]): Edit =>
      (plan) => {
        step(plan, a).shader = b % (plan.gpu.shaders.length + 1);
      },
  ),
  fc.tuple(pick, fc.constantFrom(...ENTRIES)).map(
    ([a, entry]): Edit =>
      (plan) => {
        step(plan, a).entryPoint = entry;
      },
  ),
  fc.tuple(pick, pick, number).map(
    ([a, b, value]): Edit =>
      ({ gpu }) => {
        const { temporaries = [] } = of(gpu.plans, a) ?? {};
        temporaries[b % (temporaries.length + 1)] = value;
      },
  ),
  fc.tuple(pick, number).map(
    ([a, value]): Edit =>
      ({ gpu }) => {
        const plan = of(gpu.plans, a);
        if (plan !== undefined) plan.batchSize = value;
      },
  ),
  fc.tuple(pick, pick, number).map(
    ([a, b, value]): Edit =>
      ({ inputs }) => {
        const { shape = [] } = of(inputs, a) ?? {};
        shape[b % (shape.length + 1)] = value;
      },
  ),
  // A step again, some or very many times; or not at all.
  fc.tuple(pick, pick, fc.constantFrom(0, 2, 10, 300)).map(
    ([a, b, copies]): Edit =>
      ({ gpu }) => {
        const plan = of(gpu.plans, a);
        const again = of(plan?.steps ?? [], b);
        if (plan !== undefined && again !== undefined)
          plan.steps.splice(b % plan.steps.length, 1, ...Array<Step>(copies).fill(again));
      },
  ),
  fc.tuple(pick, pick).map(
    ([a, b]): Edit =>
      ({ gpu }) => {
        const { steps = [] } = of(gpu.plans, a) ?? {};
        steps.push(...steps.splice(b % Math.max(1, steps.length), 1));
      },
  ),
  fc.tuple(pick, fc.constantFrom(...SETS.map(([name]) => name), "constructor")).map(
    ([a, set]): Edit =>
      ({ gpu }) => {
        gpu.sets[a % (gpu.sets.length + 1)] = set;
      },
  ),
  fc.tuple(pick, pick, fc.constantFrom(...Object.keys(EXPRESSIONS))).map(
    ([a, b, op]): Edit =>
      ({ gpu }) => {
        const fused = gpu.shaders.flatMap(({ expression }) => expression ?? []);
        const changed = of(of(fused, a)?.steps ?? [], b);
        if (changed !== undefined) changed.op = op;
      },
  ),
  fc.tuple(pick, pick, pick, fc.constantFrom<unknown>(0, 1, 7, 1e9, "NaN", 1e308)).map(
    ([a, b, c, value]): Edit =>
      ({ gpu }) => {
        const fused = gpu.shaders.flatMap(({ expression }) => expression ?? []);
        const { operands } = of(of(fused, a)?.steps ?? [], b) ?? {};
        const kinds = [{ input: value }, { step: value }, { value, dtype: "float32" }, { value, dtype: "bool" }];
        change(operands as Record<string, unknown> | undefined, c, () => of(kinds, c));
      },
  ),
  fc.tuple(pick, number).map(
    ([a, value]): Edit =>
      ({ gpu }) => {
        const fused = of(
          gpu.shaders.flatMap(({ expression }) => expression ?? []),
          a,
        );
        if (fused !== undefined) fused.rank = value;
      },
  ),
);

/** One to four such changes of a plan's JSON. */
export const planMutation: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc
  .array(edits, { minLength: 1, maxLength: 4 })
  .map((list) => (bytes) => {
    const plan: PlanFile = JSON.parse(new TextDecoder().decode(bytes));
    for (const edit of list) edit(plan);
    return new TextEncoder().encode(JSON.stringify(plan));
  });
