/**
 * How a shader is made, as plain data without any WGSL: the files of `shaders/` that it is put together from, and the
 * edits of them. Saved plans hold recipes, and the code that printed the shader prints it again.
 */
import type { DType } from "./dtype.ts";

/** Values for a shader's constants and aliases, by name. */
export type ShaderConstants = Readonly<Record<string, number | boolean | string>>;

/** Where an operand of an expression comes from: an input of the kernel, an earlier expression, or a number. */
export type ExpressionOperand =
  | { readonly input: number }
  | { readonly step: number }
  | { readonly value: number; readonly dtype: DType };

/** One of the expressions of a fused elementwise kernel. */
export interface ExpressionStep {
  /** Its name in `EXPRESSIONS` (kernels/elementwise/expressions.ts). */
  readonly op: string;
  /** By the names of the op's inputs. */
  readonly operands: Readonly<Record<string, ExpressionOperand>>;
  /** Of the result. */
  readonly dtype: DType;
}

/** What a fused elementwise kernel computes for each element. */
export interface FusedExpression {
  readonly inputs: readonly DType[];
  readonly outputs: readonly DType[];
  /** Axes of the outputs, after those that every input walks through without a seam were joined. */
  readonly rank: number;
  readonly steps: readonly ExpressionStep[];
  /** For each output, the step that it is the result of. */
  readonly results: readonly number[];
}

/** How a shader is made. */
export interface ShaderRecipe {
  /** Names of the files, in their order. */
  readonly files: readonly string[];
  readonly constants: ShaderConstants;
  readonly features: readonly string[];
  /** Of a fused elementwise kernel, whose function `store` is generated. */
  readonly expression?: FusedExpression | undefined;
}

/** How a dispatch's shader is made, and what it is given by name. */
export interface DispatchRecipe {
  readonly shader: ShaderRecipe;
  readonly params: Readonly<Record<string, number | readonly number[]>>;
  /** Of the bound buffers, in the order of their bindings; a name that occurs twice is that of a list. */
  readonly buffers: readonly string[];
  /** Buffers that the call does not have. */
  readonly absent: readonly string[];
}
