/** All rules, for the writer of plans: the sets in which `sluice/predict` loads shaders. */

import * as copy from "./copy.ts";
import * as elementwise from "./elementwise.ts";
import * as gather from "./gather.ts";
import * as lstmCell from "./lstm_cell.ts";
import * as mask from "./mask.ts";
import * as matmul from "./matmul.ts";
import * as recurrent from "./recurrent.ts";
import * as reduce from "./reduce.ts";
import type { RuleSet, ShaderRule } from "./rule.ts";

/** By name, as plans list them. */
export const RULE_SETS = {
  shared: { files: ["activations", ...gather.files], rules: gather.rules },
  copy,
  elementwise,
  reduce,
  matmul,
  matmulDirect: { files: ["matmul_direct"], rules: {} },
  recurrent,
  gru: { files: ["gru_step"], rules: {} },
  peephole: { files: ["peephole_lstm_step"], rules: {} },
  mask,
  simpleRnn: { files: ["simple_rnn_forward"], rules: {} },
  lstmCell,
} as const satisfies Readonly<Record<string, RuleSet>>;

/** The rule of a shader; undefined where plans cannot name it. */
export function ruleOf(files: readonly string[]): ShaderRule | undefined {
  const name = files.join("+");
  return Object.values<RuleSet>(RULE_SETS).find(({ rules }) => Object.hasOwn(rules, name))?.rules[name];
}

/** The sets beside `shared`, which every reader has, that hold shaders' files or rules. */
export function setsOf(shaders: readonly (readonly string[])[]): string[] {
  const files = new Set(shaders.flat());
  const names = new Set(shaders.map((each) => each.join("+")));
  return Object.entries<RuleSet>(RULE_SETS)
    .filter(([name]) => name !== "shared")
    .filter(
      ([, set]) => set.files.some((file) => files.has(file)) || Object.keys(set.rules).some((name) => names.has(name)),
    )
    .map(([name]) => name);
}
