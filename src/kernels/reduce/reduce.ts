/** Sum, maximum and argmax over one axis. */
import source from "../../../shaders/reduce/reduce.wgsl?raw" with { type: "text" };
import { at } from "../../core/at.ts";
import { storageType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { type AdapterTraits, foldGrid, type KernelCall, type Operand, type Tensor } from "../../core/kernel_call.ts";
import { formatShape } from "../../core/shape.ts";
import { checkSize, dispatch, expectSize, variantNamed } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ reduce: source });

const KINDS = ["sum", "max", "argmax"] as const;
export type ReduceKind = (typeof KINDS)[number];

/** The input seen as [outer, size, inner]. */
export interface ReduceExtents {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

const VARIANTS = ["serial", "lanes"] as const;
type Variant = (typeof VARIANTS)[number];

/** As in the shader. */
const LANES = 64;
/** Runs of at most this many elements are walked by one invocation. */
const SERIAL_SIZE = 64;
/** A long axis is cut until there are about so many invocations. */
const WANTED_INVOCATIONS = { lavapipe: 4096, swiftshader: 4096, gpu: 65536 } as const;
/** An invocation has at least this many elements of a cut axis. */
const MIN_PER_INVOCATION = 32;
/** An axis that gives every invocation no more than this is left whole: a second dispatch costs more than it saves. */
const UNCUT_PER_INVOCATION = 64;

/**
 * Reduces the middle axis of [outer, size, inner] to [outer, inner]; of several tensors of that shape at once, where
 * the adapter has two storage buffers for each.
 *
 * @param inputs float32 or int32, all alike.
 * @param outputs of the inputs' dtype; int32 for argmax, which gives the first position of the maximum.
 * @throws ShapeError when sizes do not fit, or a maximum is asked of an empty axis.
 * @throws DTypeError when the output's dtype is another.
 * @example
 * reduceCall("sum", [gradient], [bias], { outer: 1, size: 32000, inner: 400 });
 */
export function reduceCall(
  kind: ReduceKind,
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  extents: ReduceExtents,
): KernelCall {
  const { outer, size, inner } = extents;
  const { dtype } = at(inputs, 0);
  for (const input of inputs) {
    expectSize("reduce", "input", input, outer * size * inner);
    checkSize("reduce", input);
  }
  for (const output of outputs) expectSize("reduce", "output", output, outer * inner);
  if (kind !== "sum" && size === 0) {
    throw new ShapeError(
      `reduce: the ${kind} of an empty axis of ${formatShape(inputs[0]?.shape ?? [])} is not defined`,
      {
        ...extents,
      },
    );
  }
  const element = storageType(dtype);
  const wanted = kind === "argmax" ? "i32" : element;
  const wrong = outputs.find((output) => storageType(output.dtype) !== wanted);
  if (wrong !== undefined) {
    throw new DTypeError(`reduce: the output of ${kind} of ${dtype} is ${wrong.dtype}; expected ${wanted}`, {
      input: dtype,
      output: wrong.dtype,
    });
  }
  const count = inputs.length;
  const specialised = shader.constants({ KIND: KINDS.indexOf(kind), Element: element, Result: wanted });
  return {
    kernel: "reduce",
    reads: { inputs },
    writes: { outputs },
    variants: VARIANTS,
    shapeClass: `${kind} ${dtype} ${outer}x${size}x${inner}${count > 1 ? ` of ${count}` : ""}`,
    plan: (adapter, variant) => {
      if (outer * inner === 0) return { dispatches: [] };
      const stage = (
        x: readonly Tensor[],
        out: readonly Tensor[],
        name: Variant,
        { size, inner, outer }: ReduceExtents,
        segments: number,
      ) =>
        dispatch({
          label: `reduce/${kind}/${name}`,
          shader: specialised,
          entryPoint: name,
          params: { outer, size, inner, segments, segment_size: Math.ceil(size / segments) },
          buffers: { x, out },
          workgroups: foldGrid(
            name === "lanes" ? outer * segments : Math.ceil((outer * segments * inner) / LANES),
            adapter,
          ),
        });
      const first = variantOf(extents, variant);
      const segments = segmentsOf(kind, extents, first, adapter);
      if (segments === 1) return { dispatches: [stage(inputs, outputs, first, extents, 1)] };
      const rest = { outer, size: segments, inner };
      const partials = inputs.map(() => ({ bytes: outer * segments * inner * 4 }));
      return {
        dispatches: [
          stage(inputs, partials, first, extents, segments),
          stage(partials, outputs, variantOf(rest, undefined), rest, 1),
        ],
      };
    },
  };
}

function variantOf({ size, inner }: ReduceExtents, name: string | undefined): Variant {
  if (name === undefined) return inner === 1 && size > SERIAL_SIZE ? "lanes" : "serial";
  const variant = variantNamed("reduce", VARIANTS, name);
  return inner === 1 ? variant : "serial";
}

/** Into how many runs the axis is cut: more than one where few outputs are made of many elements. */
function segmentsOf(
  kind: ReduceKind,
  { outer, size, inner }: ReduceExtents,
  variant: Variant,
  adapter: AdapterTraits,
): number {
  const lanes = variant === "lanes" ? LANES : 1;
  if (kind === "argmax" || size <= lanes * UNCUT_PER_INVOCATION) return 1;
  const wanted = Math.ceil(WANTED_INVOCATIONS[adapter.kind] / (outer * inner * lanes));
  const segments = Math.max(1, Math.min(wanted, Math.floor(size / (lanes * MIN_PER_INVOCATION))));
  // No run is empty: a maximum has none for that.
  return Math.ceil(size / Math.ceil(size / segments)) || 1;
}
