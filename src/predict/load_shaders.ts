/** Loads the shaders that a plan names, in the chunks in which the package has them, and the code that prints them. */
import { FormatError } from "../core/errors.ts";
import { show } from "../core/json_check.ts";
import type { LoadShaders } from "../nn/saved_plan/read.ts";
import type { ShaderSet } from "../nn/saved_plan/read_dispatch.ts";

/** Each is a chunk of its own: what a page loads depends on its model. The set `shared` comes with the reader. */
const SETS = new Map<string, () => Promise<ShaderSet>>([
  ["copy", () => import("../kernels/plan_shaders/copy.ts")],
  ["elementwise", () => import("../kernels/plan_shaders/elementwise.ts")],
  ["reduce", () => import("../kernels/plan_shaders/reduce.ts")],
  ["matmul", () => import("../kernels/plan_shaders/matmul.ts")],
  ["matmulDirect", () => import("../kernels/plan_shaders/matmul_direct.ts")],
  ["recurrent", () => import("../kernels/plan_shaders/recurrent.ts")],
  ["gru", () => import("../kernels/plan_shaders/gru.ts")],
  ["peephole", () => import("../kernels/plan_shaders/peephole.ts")],
  ["mask", () => import("../kernels/plan_shaders/mask.ts")],
  ["simpleRnn", () => import("../kernels/plan_shaders/simple_rnn.ts")],
  ["lstmCell", () => import("../kernels/plan_shaders/lstm_cell.ts")],
]);

/** @throws FormatError for a set that this Sluice does not have. */
export const loadShaders: LoadShaders = async (names, what) => {
  const wanted = new Set(
    names.map((name) => {
      const load = SETS.get(name);
      if (load !== undefined) return load;
      throw new FormatError(`${what}: this Sluice has no shaders ${show(name)}; save the model again`);
    }),
  );
  const [{ DispatchReader }, ...sets] = await Promise.all([
    import("../nn/saved_plan/read_dispatch.ts"),
    ...Array.from(wanted, (load) => load()),
  ]);
  return (shaders, where) => new DispatchReader(shaders, sets, where);
};
