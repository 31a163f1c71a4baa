/** What the optimizers' kernels share: state that is updated in place, the gradient, the step's rates and the status. */
import {
  type BufferBinding,
  foldGrid,
  type KernelCall,
  type Operand,
  type Param,
  readBuffer,
  scratchBuffer,
  u32,
  writeBuffer,
} from "../core/kernel_call.ts";
import { sizeOf } from "../core/shape.ts";

const THREADS = 64;
/** Bytes bound in place of a state that an optimizer's options leave out. */
const UNUSED_BYTES = 16;

/** What every optimizer's kernel reads besides its state. */
export interface UpdateReads {
  /** The gradient, float32, of the variable's shape. */
  readonly gradient: Operand;
  /** float32[4], written by the host before each step: [0] the step size, [1] learning rate * weight decay. */
  readonly rates: Operand;
  /** int32[1]: nothing is updated once it is not 0. */
  readonly status: Operand;
}

/** One tensor of an optimizer's state: read from `read`'s buffer, which is `write`'s too; absent where options leave it out. */
export interface StateSlot {
  readonly read: Operand | undefined;
  readonly write: Operand | undefined;
}

/** The call of an optimizer's kernel: bindings are the state's slots in order, gradient, rates, status. */
export function optimizerUpdate(
  kernel: string,
  source: string,
  slots: readonly StateSlot[],
  { gradient, rates, status }: UpdateReads,
  params: readonly Param[],
): KernelCall {
  const present = slots.filter(
    (slot): slot is { read: Operand; write: Operand } => slot.read !== undefined && slot.write !== undefined,
  );
  const count = present.length;
  const size = sizeOf(gradient.shape);
  const scratch: number[] = [];
  const bindings = slots.map((slot): BufferBinding => {
    const index = present.findIndex(({ write }) => write === slot.write);
    if (index >= 0) return writeBuffer(index);
    return scratchBuffer(scratch.push(UNUSED_BYTES) - 1, "read_write");
  });
  return {
    kernel,
    reads: [...present.map(({ read }) => read), gradient, rates, status],
    writes: present.map(({ write }) => write),
    inPlace: present.map((_, index) => ({ read: index, write: index })),
    plan: (adapter) => ({
      dispatches: [
        {
          label: kernel,
          source,
          entryPoint: kernel,
          params: [u32(size), ...params],
          buffers: [...bindings, readBuffer(count), readBuffer(count + 1), readBuffer(count + 2)],
          workgroups: foldGrid(Math.ceil(size / THREADS), adapter),
        },
      ],
      scratch,
    }),
  };
}
