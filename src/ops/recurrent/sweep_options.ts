/** The options of the recurrent sweeps. */
import { ifGiven, instanceOf, oneOf, withDefault } from "../../core/option_table.ts";
import { Value } from "../../graph/operation.ts";
import { KERNEL_ACTIVATIONS } from "../../kernels/elementwise/activations.ts";

const kernelActivation = oneOf(KERNEL_ACTIVATIONS);
const value = instanceOf("a symbolic value", Value);

/** Of a cell of one activation. */
export const ACTIVATION = { activation: withDefault(kernelActivation, "tanh") };

/** Of a cell with gates. */
export const GATED = { ...ACTIVATION, recurrentActivation: withDefault(kernelActivation, "sigmoid") };

/** Where a sweep starts, and which steps count. */
export const SWEEP = { initial: ifGiven(value), mask: ifGiven(value) };

/** What is added to the recurrent product. */
export const BIAS = { bias: ifGiven(value) };
