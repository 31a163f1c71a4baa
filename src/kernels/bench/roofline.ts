/** What an adapter can do at most: kernels that do nothing but multiply and add, or copy. */
import source from "../../../shaders/bench/roofline.wgsl?raw" with { type: "text" };
import { type AdapterTraits, foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize, dispatch, expectSize } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ roofline: source });

/** As in the shader. */
const WORKGROUP = 64;
const VECTOR = 4;
/** Workgroups that keep an adapter busy for some milliseconds. */
const WORKGROUPS = { lavapipe: 256, swiftshader: 64, gpu: 16384 } as const;

/**
 * The factor and the summand of the chains: |a| < 1, and a^1024 is not yet 0, so that a result tells whether all
 * steps were done.
 */
export const CHAIN = { a: 0.999, b: 0.25, steps: 1024 } as const;

/** Invocations that `multiplyAddCall` wants on an adapter: its output has four elements for each. */
export function multiplyAddInvocations({ kind }: AdapterTraits): number {
  return WORKGROUPS[kind] * WORKGROUP;
}

/**
 * Multiply-adds in registers. Element 4i … 4i + 3 of `output` is the sum over the chains c of what v = i + c becomes
 * after `CHAIN.steps` steps of v = v · a + b.
 * @param chains independent chains of an invocation: how many hide an instruction's latency best differs between
 * adapters.
 * @throws ShapeError when the output is no whole number of workgroups.
 */
export function multiplyAddCall(output: Operand, { chains }: { readonly chains: number }): KernelCall {
  const workgroups = Math.ceil(sizeOf(output.shape) / VECTOR / WORKGROUP);
  expectSize("multiply_add", "output", output, workgroups * WORKGROUP * VECTOR);
  return {
    kernel: "multiply_add",
    reads: {},
    writes: { output },
    plan: (adapter) => ({
      dispatches: [
        dispatch({
          label: `multiply_add/${chains}`,
          shader: shader.constants({ CHAINS: chains, STEPS: CHAIN.steps }),
          entryPoint: "multiply_add",
          params: { count: 0, a: CHAIN.a, b: CHAIN.b },
          buffers: { y: output },
          workgroups: foldGrid(workgroups, adapter),
        }),
      ],
    }),
  };
}

/** output = input, as fast as memory goes. @throws ShapeError when sizes differ or are no whole number of vec4s. */
export function plainCopyCall(input: Operand, output: Operand): KernelCall {
  const count = Math.ceil(sizeOf(output.shape) / VECTOR);
  expectSize("plain_copy", "input", input, count * VECTOR);
  expectSize("plain_copy", "output", output, count * VECTOR);
  checkSize("plain_copy", input);
  return {
    kernel: "plain_copy",
    reads: { input },
    writes: { output },
    plan: (adapter) => ({
      dispatches: [
        dispatch({
          label: "plain_copy",
          shader,
          entryPoint: "copy",
          params: { count, a: 0, b: 0 },
          buffers: { x: input, y: output },
          workgroups: foldGrid(Math.ceil(count / WORKGROUP), adapter),
        }),
      ],
    }),
  };
}

/** Workgroups of `plainReadCall`: enough for any adapter. */
const READ_WORKGROUPS = 256;

/** Elements of the output of `plainReadCall`. */
export const PLAIN_READ_SIZE = READ_WORKGROUPS * WORKGROUP * VECTOR;

/**
 * Reads all of `input` as vec4s, and does nothing with them but to add them up: output[j] is the sum of the elements
 * j, j + S, j + 2 S, …, where S is `PLAIN_READ_SIZE`.
 * @throws ShapeError when the output has another size, or the input is no whole number of vec4s.
 */
export function plainReadCall(input: Operand, output: Operand): KernelCall {
  const count = Math.ceil(sizeOf(input.shape) / VECTOR);
  expectSize("plain_read", "input", input, count * VECTOR);
  expectSize("plain_read", "output", output, PLAIN_READ_SIZE);
  return {
    kernel: "plain_read",
    reads: { input },
    writes: { output },
    plan: () => ({
      dispatches: [
        dispatch({
          label: "plain_read",
          shader,
          entryPoint: "sum_all",
          params: { count, a: 0, b: 0 },
          buffers: { x: input, y: output },
          workgroups: [READ_WORKGROUPS, 1, 1],
        }),
      ],
    }),
  };
}
