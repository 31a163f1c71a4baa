/** What a Program runs, as plain data: kernel dispatches and copies in order, and the place of every tensor. */
import { BYTES_PER_ELEMENT } from "../../core/dtype.ts";
import type { Dispatch, TensorType } from "../../core/kernel_call.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { sizeOf } from "../../core/shape.ts";
import type { StoredVariable } from "../../graph/operation.ts";

/** Inputs of at most this many bytes share one buffer, which one write fills; WebGPU aligns bindings to as much. */
export const SLOT_BYTES = 256;

/**
 * Where a tensor lies: a variable's buffer, an input's, a constant's, a temporary one, by its place in the plan's list;
 * or one of the slots that small inputs share.
 */
export interface Location {
  readonly kind: "variable" | "input" | "slot" | "constant" | "temporary";
  readonly index: number;
}

/** A buffer, or the beginning of one. */
export interface BoundBuffer {
  readonly location: Location;
  readonly bytes: number;
}

/** A dispatch of a plan; `buffers` of its kernel are the plan's, in the same order. */
export type PlannedDispatch = Omit<Dispatch, "buffers"> & {
  readonly access: readonly ("read" | "read_write")[];
};

/** A dispatch with its buffers. */
export interface DispatchCommand {
  readonly kind: "dispatch";
  readonly dispatch: PlannedDispatch;
  /** From `@binding(1)` on. */
  readonly buffers: readonly BoundBuffer[];
  /** The name of the graph's operation that the dispatch belongs to. */
  readonly operation: string;
}

/** A copy between buffers, from the beginning of each. */
export interface CopyCommand {
  readonly kind: "copy";
  readonly from: Location;
  readonly to: Location;
  readonly bytes: number;
}

/** One thing to encode. */
export type Command = DispatchCommand | CopyCommand;

/** A value that the caller feeds, and where. */
export interface PlannedInput extends TensorType {
  readonly name: string;
  readonly location: Location;
}

/** A value that is read back. */
export interface PlannedOutput extends TensorType {
  readonly location: Location;
}

/** All that is needed to build a program's GPU objects. */
export interface Plan {
  readonly commands: readonly Command[];
  /** After the commands and after the outputs were copied out. */
  readonly commits: readonly CopyCommand[];
  /** Sizes in bytes of the temporary buffers. */
  readonly temporaries: readonly number[];
  readonly inputs: readonly PlannedInput[];
  readonly slots: number;
  readonly outputs: readonly PlannedOutput[];
  readonly variables: readonly StoredVariable[];
  readonly constants: readonly NdArray[];
  /** The variables that a run changes. */
  readonly updated: readonly StoredVariable[];
}

/** Where inputs lie, in their order: small ones in slots. */
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

/** Bytes of the largest buffer that a dispatch binds. */
export function largestBinding({ commands }: Pick<Plan, "commands">): number {
  const bound = commands.flatMap((command) =>
    command.kind === "dispatch" ? command.buffers.map(({ bytes }) => bytes) : [],
  );
  return bound.reduce((largest, bytes) => Math.max(largest, bytes), 0);
}
