/** Checks that a dispatch of a plan stays within its shader's rule. */
import { FormatError } from "../../core/errors.ts";
import type { FusedExpression, ShaderConstants } from "../../core/shader_recipe.ts";
import type { ShaderRule } from "../../kernels/plan_rules/rule.ts";

/** A dispatch whose param and buffer names match its shader. */
export interface DemandingDispatch {
  readonly entryPoint: string;
  readonly params: Readonly<Record<string, number>>;
  readonly constants: ShaderConstants;
  readonly expression: FusedExpression | undefined;
  /** The bytes of each bound buffer; several if tensors share the dispatch. */
  readonly bytes: ReadonlyMap<string, readonly number[]>;
  readonly workgroups: readonly [number, number, number];
}

/**
 * The multiply-adds of a dispatch.
 * @throws FormatError if its params exceed its buffers, or it has more workgroups than needed.
 */
export function workOf(rule: ShaderRule, dispatch: DemandingDispatch, what: string): number {
  const { entryPoint, constants, expression, bytes, workgroups } = dispatch;
  const demandOf = rule.entries[entryPoint];
  if (demandOf === undefined) throw new FormatError(`${what}: the shader has no entry point "${entryPoint}" for plans`);
  const params = Object.fromEntries(
    Object.entries(dispatch.params).map(([name, value]) => [name, Math.max(1, value)] as const),
  );
  const demand = demandOf({
    params,
    constant: (name) => (typeof constants[name] === "number" ? constants[name] : Number.NaN),
    lanes: (alias) => (String(constants[alias]).startsWith("vec4") ? 4 : 1),
    expression,
    has: (buffer) => bytes.has(buffer),
  });
  let copies = 1;
  for (const [name, lengths] of bytes) {
    copies = Math.max(copies, lengths.length);
    const needed = demand.elements[name];
    if (needed === undefined || lengths.every((length) => 4 * needed <= length)) continue;
    throw new FormatError(
      `${what}: its params need ${4 * needed} bytes of the buffer ${name}, which has ${Math.min(...lengths)}; the ` +
        "file is damaged",
      { buffer: name },
    );
  }
  if (demand.isConsistent === false) throw new FormatError(`${what}: its params contradict each other`, { params });
  const [x, y, z] = workgroups;
  // A grid that is folded over x and y may exceed the need by a partial row.
  const most = Math.ceil(demand.workgroups) + y;
  if (!(x * y * z <= most)) {
    throw new FormatError(`${what}: ${x * y * z} workgroups; its params need at most ${most}`, { workgroups });
  }
  return copies * x * y * z * demand.work;
}
