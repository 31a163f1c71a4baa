/** The rules by which optimizers update a weight: what each has of its own beside the frame that all share. */
import adadelta from "../../../shaders/optimizers/adadelta.wgsl?raw" with { type: "text" };
import adagrad from "../../../shaders/optimizers/adagrad.wgsl?raw" with { type: "text" };
import adam from "../../../shaders/optimizers/adam.wgsl?raw" with { type: "text" };
import adamax from "../../../shaders/optimizers/adamax.wgsl?raw" with { type: "text" };
import ftrl from "../../../shaders/optimizers/ftrl.wgsl?raw" with { type: "text" };
import lion from "../../../shaders/optimizers/lion.wgsl?raw" with { type: "text" };
import nadam from "../../../shaders/optimizers/nadam.wgsl?raw" with { type: "text" };
import rmsprop from "../../../shaders/optimizers/rmsprop.wgsl?raw" with { type: "text" };
import sgd from "../../../shaders/optimizers/sgd.wgsl?raw" with { type: "text" };
import frame from "../../../shaders/optimizers/update.wgsl?raw" with { type: "text" };
import { Shader } from "../wgsl/shader.ts";
import type { UpdateRule } from "./update.ts";

/** Adam's two decays, and what keeps its quotient finite. */
export interface AdamConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** The constants of each rule. */
export interface UpdateConstants {
  readonly sgd: { readonly momentum: number; readonly nesterov: boolean };
  readonly adam: AdamConstants;
  readonly adamax: AdamConstants;
  readonly nadam: AdamConstants;
  readonly rmsprop: { readonly rho: number; readonly momentum: number; readonly epsilon: number };
  readonly adagrad: { readonly epsilon: number };
  readonly adadelta: { readonly rho: number; readonly epsilon: number };
  readonly lion: { readonly beta1: number; readonly beta2: number };
  /** `power` is what sums of squares are raised to: minus the learning rate's power. */
  readonly ftrl: { readonly power: number; readonly l1: number; readonly shrinkage: number };
}

/** The name of a rule. */
export type UpdateRuleName = keyof UpdateConstants;

/** The shaders' heads have the formulas. Each rule is a constant of its own: a page carries those that it uses. */
export const sgdRule: UpdateRule<UpdateConstants["sgd"]> = {
  name: "sgd",
  shader: /* @__PURE__ */ Shader.of({ update: frame, sgd }),
  slots: { momentum: "velocity" },
  params: ({ momentum }) => ({ momentum }),
  constants: ({ nesterov }) => ({ NESTEROV: nesterov ? 1 : 0 }),
};

export const adamRule: UpdateRule<UpdateConstants["adam"]> = {
  name: "adam",
  shader: /* @__PURE__ */ Shader.of({ update: frame, adam }),
  slots: { m: "m", v: "v", vMax: "v_max" },
  params: ({ beta1, beta2, epsilon }) => ({ one_minus_beta1: 1 - beta1, one_minus_beta2: 1 - beta2, epsilon }),
};

export const adamaxRule: UpdateRule<UpdateConstants["adamax"]> = {
  name: "adamax",
  shader: /* @__PURE__ */ Shader.of({ update: frame, adamax }),
  slots: { m: "m", u: "u" },
  params: ({ beta1, beta2, epsilon }) => ({ one_minus_beta1: 1 - beta1, beta2, epsilon }),
};

export const nadamRule: UpdateRule<UpdateConstants["nadam"]> = {
  name: "nadam",
  shader: /* @__PURE__ */ Shader.of({ update: frame, nadam }),
  slots: { m: "m", v: "v" },
  params: ({ beta1, beta2, epsilon }) => ({ one_minus_beta1: 1 - beta1, one_minus_beta2: 1 - beta2, epsilon }),
};

export const rmspropRule: UpdateRule<UpdateConstants["rmsprop"]> = {
  name: "rmsprop",
  shader: /* @__PURE__ */ Shader.of({ update: frame, rmsprop }),
  slots: { velocity: "velocity", average: "average", momentum: "momentum" },
  params: ({ rho, momentum, epsilon }) => ({ rho, one_minus_rho: 1 - rho, momentum, epsilon }),
};

export const adagradRule: UpdateRule<UpdateConstants["adagrad"]> = {
  name: "adagrad",
  shader: /* @__PURE__ */ Shader.of({ update: frame, adagrad }),
  slots: { accumulator: "accumulator" },
  params: ({ epsilon }) => ({ epsilon }),
};

export const adadeltaRule: UpdateRule<UpdateConstants["adadelta"]> = {
  name: "adadelta",
  shader: /* @__PURE__ */ Shader.of({ update: frame, adadelta }),
  slots: { accumulatedGradient: "accumulated_gradient", accumulatedDelta: "accumulated_delta" },
  params: ({ rho, epsilon }) => ({ rho, one_minus_rho: 1 - rho, epsilon }),
};

export const lionRule: UpdateRule<UpdateConstants["lion"]> = {
  name: "lion",
  shader: /* @__PURE__ */ Shader.of({ update: frame, lion }),
  slots: { momentum: "momentum" },
  params: ({ beta1, beta2 }) => ({ beta1, one_minus_beta1: 1 - beta1, beta2, one_minus_beta2: 1 - beta2 }),
};

export const ftrlRule: UpdateRule<UpdateConstants["ftrl"]> = {
  name: "ftrl",
  shader: /* @__PURE__ */ Shader.of({ update: frame, ftrl }),
  slots: { accumulator: "accumulator", linear: "linear" },
  params: ({ power, l1, shrinkage }) => ({ power, l1, shrinkage }),
  constants: ({ power }) => ({ SQUARE_ROOT: power === 0.5 ? 1 : 0 }),
};
