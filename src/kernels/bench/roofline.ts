/** What an adapter can do at most: kernels that do nothing but multiply and add, or copy. */
import source from "../../../shaders/bench/roofline.wgsl?raw" with { type: "text" };
import {
  type AdapterTraits,
  f32,
  foldGrid,
  type KernelCall,
  type Operand,
  readBuffer,
  scratchBuffer,
  u32,
  writeBuffer,
} from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize, expectSize } from "../check.ts";
import { specialise } from "../wgsl/specialise.ts";

const WORKGROUP = 64;
const VECTOR = 4;
/** Workgroups that keep an adapter busy for some milliseconds. */
const WORKGROUPS = { lavapipe: 256, swiftshader: 64, gpu: 16384 } as const;

/** The factor and the summand of the chains: |a| < 1, and a^1024 is not yet 0, so that a result tells whether all steps were done. */
export const CHAIN = { a: 0.999, b: 0.25, steps: 1024 } as const;

/** Invocations that `multiplyAddCall` wants on an adapter: its output has four elements for each. */
export function multiplyAddInvocations({ kind }: AdapterTraits): number {
  return WORKGROUPS[kind] * WORKGROUP;
}

/**
 * Multiply-adds in registers. Element 4i … 4i + 3 of `output` is the sum over the chains c of what v = i + c becomes after
 * `CHAIN.steps` steps of v = v · a + b.
 * @param chains independent chains of an invocation: how many hide an instruction's latency best differs between adapters.
 * @throws ShapeError when the output is no whole number of workgroups.
 */
export function multiplyAddCall(output: Operand, { chains }: { readonly chains: number }): KernelCall {
  const workgroups = Math.ceil(sizeOf(output.shape) / VECTOR / WORKGROUP);
  expectSize("multiply_add", "output", output, workgroups * WORKGROUP * VECTOR);
  return {
    kernel: "multiply_add",
    reads: [],
    writes: [output],
    plan: (adapter) => ({
      dispatches: [
        {
          label: `multiply_add/${chains}`,
          source: specialise(source, { CHAINS: chains, STEPS: CHAIN.steps }),
          entryPoint: "multiply_add",
          params: [u32(0), f32(CHAIN.a), f32(CHAIN.b)],
          buffers: [scratchBuffer(0, "read"), writeBuffer(0)],
          workgroups: foldGrid(workgroups, adapter),
        },
      ],
      scratch: [VECTOR * 4],
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
    reads: [input],
    writes: [output],
    plan: (adapter) => ({
      dispatches: [
        {
          label: "plain_copy",
          source: specialise(source, { CHAINS: 1 }),
          entryPoint: "copy",
          params: [u32(count), f32(0), f32(0)],
          buffers: [readBuffer(0), writeBuffer(0)],
          workgroups: foldGrid(Math.ceil(count / WORKGROUP), adapter),
        },
      ],
      scratch: [],
    }),
  };
}

/** Workgroups of `plainReadCall`: enough for any adapter. */
const READ_WORKGROUPS = 256;

/** Elements of the output of `plainReadCall`. */
export const PLAIN_READ_SIZE = READ_WORKGROUPS * WORKGROUP * VECTOR;

/**
 * Reads all of `input` as vec4s, and does nothing with them but to add them up: output[j] is the sum of the elements j, j + S,
 * j + 2 S, …, where S is `PLAIN_READ_SIZE`.
 * @throws ShapeError when the output has another size, or the input is no whole number of vec4s.
 */
export function plainReadCall(input: Operand, output: Operand): KernelCall {
  const count = Math.ceil(sizeOf(input.shape) / VECTOR);
  expectSize("plain_read", "input", input, count * VECTOR);
  expectSize("plain_read", "output", output, PLAIN_READ_SIZE);
  return {
    kernel: "plain_read",
    reads: [input],
    writes: [output],
    plan: () => ({
      dispatches: [
        {
          label: "plain_read",
          source: specialise(source, { CHAINS: 1 }),
          entryPoint: "sum_all",
          params: [u32(count), f32(0), f32(0)],
          buffers: [readBuffer(0), writeBuffer(0)],
          workgroups: [READ_WORKGROUPS, 1, 1],
        },
      ],
      scratch: [],
    }),
  };
}
