/** The step of FTRL. */
import type { Operand } from "../../core/kernel_call.ts";
import type { Value } from "../../graph/operation.ts";
import { type FtrlOptions, ftrlCall } from "../../kernels/optimizers/ftrl.ts";
import { applyUpdate, defineUpdate, type StepInputs, type UpdateMeaning } from "./optimizer_update.ts";

/** Constants of an FTRL step. */
export type FtrlAttributes = FtrlOptions;

const named = ([w, accumulator, linear]: readonly Operand[]) => ({
  w: w as Operand,
  accumulator: accumulator as Operand,
  linear: linear as Operand,
});

const ftrlOp = defineUpdate<FtrlAttributes>({
  name: "ftrlUpdate",
  call: (state, step, outputs, attributes) => ftrlCall({ ...named(state), ...step }, named(outputs), attributes),
});

export const ftrlMeaning: UpdateMeaning<FtrlAttributes> = {
  op: ftrlOp,
  step: (state, g, [rate = 0, , quadratic = 0], { power, l1, shrinkage }) => {
    const [w, before, linear] = state as [number, number, number];
    const next = before + g * g;
    const sigma = (next ** power - before ** power) / rate;
    const line = linear + g + 2 * shrinkage * w - sigma * w;
    const clipped = Math.min(Math.max(line, -l1), l1);
    return [(clipped - line) / (next ** power / rate + quadratic), next, line];
  },
};

/** FTRL (McMahan et al. 2013). State: w, the sum of squares, the linear term. rates[2] holds 2·l2 + beta / learning rate. */
export function ftrlUpdate(state: readonly Value[], step: StepInputs, attributes: FtrlAttributes): readonly Value[] {
  return applyUpdate(ftrlOp, state, step, attributes);
}
