/**
 * What a plan may ask of a shader: which constants, and for each entry point how large its buffers must be and how much
 * work a workgroup does. A plan comes from a stranger, so its params must agree with its buffers: then no loop is
 * longer than the data, and all work is known before anything runs.
 */
import type { FusedExpression } from "../../core/shader_recipe.ts";
import type { ShaderFeature } from "../wgsl/shader.ts";

/** Values of a constant: whole numbers from the first to the second, true or false, or one of some types. */
export type Allowed = readonly [number, number] | "boolean" | { readonly oneOf: readonly string[] };

/** What a dispatch is given. Params of 0 count as 1, so that no product of sizes vanishes. */
export interface Given {
  readonly params: Readonly<Record<string, number>>;
  /** Those that are numbers; NaN, which is refused, where one is not given. */
  readonly constant: (name: string) => number;
  /** Elements of four bytes in a type that the shader is given by an alias. */
  readonly lanes: (alias: string) => number;
  readonly expression: FusedExpression | undefined;
  /** Whether a buffer that may be absent is there. */
  readonly has: (buffer: string) => boolean;
}

/** What a dispatch needs. A number that is NaN, because a constant is not given, is refused. */
export interface Demand {
  /** The most workgroups, before the grid is folded. */
  readonly workgroups: number;
  /** Of one workgroup, in multiply-adds; loads count as one. */
  readonly work: number;
  /** The fewest elements of four bytes of each buffer. */
  readonly elements: Readonly<Record<string, number>>;
  /** False where params contradict each other. */
  readonly isConsistent?: boolean;
}

/** What plans may ask of a shader. */
export interface ShaderRule {
  readonly constants?: Readonly<Record<string, Allowed>>;
  readonly features?: readonly ShaderFeature[];
  readonly entries: Readonly<Record<string, (given: Given) => Demand>>;
}

/** Shaders that load together. */
export interface RuleSet {
  /** The files of `shaders/` in it. */
  readonly files: readonly string[];
  /** By the names of the files that a shader is put together from, with + between them. */
  readonly rules: ShaderRules;
}

export type ShaderRules = Readonly<Record<string, ShaderRule>>;
