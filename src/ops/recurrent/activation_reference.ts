/** The recurrent activations in float64, and their derivatives from their outputs, for the references. */
import type { KernelActivation } from "../../kernels/elementwise/activations.ts";

interface Activation {
  value(x: number): number;
  /** dy/dx as a function of y. */
  slope(y: number): number;
}

const ACTIVATIONS: Readonly<Record<KernelActivation, Activation>> = {
  tanh: { value: Math.tanh, slope: (y) => 1 - y * y },
  sigmoid: { value: (x) => 1 / (1 + Math.exp(-x)), slope: (y) => y * (1 - y) },
  relu: { value: (x) => Math.max(0, x), slope: (y) => Number(y > 0) },
  linear: { value: (x) => x, slope: () => 1 },
  hard_sigmoid: { value: (x) => Math.min(6, Math.max(0, x + 3)) / 6, slope: (y) => (y > 0 && y < 1 ? 1 / 6 : 0) },
  softplus: {
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    slope: (y) => 1 - Math.exp(-y),
  },
  elu: { value: (x) => (x > 0 ? x : Math.expm1(x)), slope: (y) => (y > 0 ? 1 : y + 1) },
};

/** activation(x). */
export function activate(activation: KernelActivation, x: number): number {
  return ACTIVATIONS[activation].value(x);
}

/** The derivative at the point where the activation's output is y. */
export function slopeFromOutput(activation: KernelActivation, y: number): number {
  return ACTIVATIONS[activation].slope(y);
}
