/**
 * The plan that a Program runs, as plain data: kernel dispatches and copies in order, and the location of every tensor.
 */
import { BYTES_PER_ELEMENT } from "../../core/dtype.ts";
import type { Dispatch, TensorType } from "../../core/kernel_call.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { sizeOf } from "../../core/shape.ts";
import type { StoredVariable } from "../../graph/operation.ts";

/**
 * Inputs of at most this many bytes share one buffer, which one write fills. 256 is WebGPU's alignment of binding
 * offsets.
 */
export const SLOT_BYTES = 256;

/**
 * The location of a tensor: the buffer of a variable, an input, a constant or a temporary, by its index in the plan's
 * list; or one of the slots in the buffer that small inputs share.
 */
export interface Location {
  readonly kind: "variable" | "input" | "slot" | "constant" | "temporary";
  readonly index: number;
}

/** A buffer, or its first bytes. */
export interface BoundBuffer {
  readonly location: Location;
  readonly bytes: number;
}

/** A dispatch of a plan. The plan's `buffers` correspond to the kernel's, in the same order. */
export type PlannedDispatch = Omit<Dispatch, "buffers"> & {
  readonly access: readonly ("read" | "read_write")[];
};

/** A dispatch and its buffers. */
export interface DispatchCommand {
  readonly kind: "dispatch";
  readonly dispatch: PlannedDispatch;
  /** The storage buffers, from `@binding(1)` on. */
  readonly buffers: readonly BoundBuffer[];
  /** The name of the graph's operation that the dispatch belongs to. */
  readonly operation: string;
}

/** A copy between the first bytes of two buffers. */
export interface CopyCommand {
  readonly kind: "copy";
  readonly from: Location;
  readonly to: Location;
  readonly bytes: number;
}

/** A command to encode. */
export type Command = DispatchCommand | CopyCommand;

/** An input and its location. */
export interface PlannedInput extends TensorType {
  readonly name: string;
  readonly location: Location;
}

/** An output, which is read back. */
export interface PlannedOutput extends TensorType {
  readonly location: Location;
}

/** Everything that is needed to create a program's GPU objects. */
export interface Plan {
  readonly commands: readonly Command[];
  /** The copies that follow the commands and the copies of the outputs. */
  readonly commits: readonly CopyCommand[];
  /** The sizes of the temporary buffers in bytes. */
  readonly temporaries: readonly number[];
  readonly inputs: readonly PlannedInput[];
  readonly slots: number;
  readonly outputs: readonly PlannedOutput[];
  readonly variables: readonly StoredVariable[];
  readonly constants: readonly NdArray[];
  /** The variables that a run changes. */
  readonly updated: readonly StoredVariable[];
}

/** Assigns locations to inputs, in order; small inputs share a buffer of slots. */
export function placeInputs(
  inputs: readonly (TensorType & { readonly name: string })[],
): Pick<Plan, "inputs" | "slots"> {
  let slots = 0;
  const placed = inputs.map(({ name, shape, dtype }, index): PlannedInput => {
    const isSmall = sizeOf(shape) * BYTES_PER_ELEMENT <= SLOT_BYTES;
    return { name, shape, dtype, location: isSmall ? { kind: "slot", index: slots++ } : { kind: "input", index } };
  });
  return { inputs: placed, slots };
}

/** The size in bytes of the largest buffer that a dispatch binds. */
export function largestBinding({ commands }: Pick<Plan, "commands">): number {
  const bound = commands.flatMap((command) =>
    command.kind === "dispatch" ? command.buffers.map(({ bytes }) => bytes) : [],
  );
  return bound.reduce((largest, bytes) => Math.max(largest, bytes), 0);
}
