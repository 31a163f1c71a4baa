/**
 * Recipes for shaders, as plain data without WGSL: the files of `shaders/` that a shader consists of, and the edits to
 * them. Saved plans hold recipes, from which the same code generates the shaders again.
 */
import type { DType } from "./dtype.ts";

/** Values for a shader's constants and aliases, by name. */
export type ShaderConstants = Readonly<Record<string, number | boolean | string>>;

/** The source of an operand: an input of the kernel, an earlier expression, or a number. */
export type ExpressionOperand =
  | { readonly input: number }
  | { readonly step: number }
  | { readonly value: number; readonly dtype: DType };

/** One of the expressions of a fused elementwise kernel. */
export interface ExpressionStep {
  /** Its name in `EXPRESSIONS` (kernels/elementwise/elementwise.ts). */
  readonly op: string;
  /** The operands by the names of the op's inputs. */
  readonly operands: Readonly<Record<string, ExpressionOperand>>;
  /** The dtype of the result. */
  readonly dtype: DType;
}

/** What a fused elementwise kernel computes for each element. */
export interface FusedExpression {
  readonly inputs: readonly DType[];
  readonly outputs: readonly DType[];
  /** The number of axes, after adjacent axes that are contiguous in every input were merged. */
  readonly rank: number;
  readonly steps: readonly ExpressionStep[];
  /** For each output, the index of the step that computes it. */
  readonly results: readonly number[];
}

/** The recipe of a shader. */
export interface ShaderRecipe {
  /** The names of the files, in order. */
  readonly files: readonly string[];
  readonly constants: ShaderConstants;
  readonly features: readonly string[];
  /** The expression of a fused elementwise kernel, from which the function `store` is generated. */
  readonly expression?: FusedExpression | undefined;
}

/** The recipe of a dispatch's shader, and the names of its arguments. */
export interface DispatchRecipe {
  readonly shader: ShaderRecipe;
  readonly params: Readonly<Record<string, number | readonly number[]>>;
  /** The bound buffers in the order of their bindings. A name that occurs more than once denotes a list. */
  readonly buffers: readonly string[];
  /** The optional buffers that the call omits. */
  readonly absent: readonly string[];
}
