/** Optimizer updates of several variables in one dispatch, as far as the adapter's storage buffers allow. */
import {
  type BoundTensor,
  type BufferBinding,
  type Dispatch,
  type KernelCall,
  type Param,
  presentOperands,
} from "../../core/kernel_call.ts";
import { repeatShader, storageBindings } from "../wgsl/repeat_shader.ts";

/** Rates and status, a shader's last two buffers, are one for all variables. */
const SHARED = 2;

/** One update's dispatch, its bindings counted in the joined call. */
interface Member {
  readonly dispatch: Dispatch;
  readonly groups: number;
}

/**
 * Joins calls of `optimizerUpdate` that differ in their variables only. The joined call's reads and writes are theirs, one
 * after another; all are given the same rates and status.
 */
export function updateGroupCall(calls: readonly KernelCall[]): KernelCall {
  const firstRead = offsets(calls.map(({ reads }) => presentOperands(reads).length));
  const firstWrite = offsets(calls.map(({ writes }) => presentOperands(writes).length));
  return {
    kernel: calls[0]?.kernel ?? "update",
    reads: calls.flatMap(({ reads }) => presentOperands(reads)),
    writes: calls.flatMap(({ writes }) => presentOperands(writes)),
    inPlace: calls.flatMap(({ inPlace = [] }) => inPlace),
    plan: (adapter) => {
      const plans = calls.map((call) => call.plan(adapter));
      const members = plans.flatMap(({ dispatches }, call) =>
        dispatches.map((dispatch): Member => {
          const moved = dispatch.buffers.map((binding): BufferBinding | BoundTensor => {
            if ("tensor" in binding) return binding;
            const first = binding.kind === "read" ? firstRead[call] : firstWrite[call];
            return { ...binding, index: binding.index + (first as number) };
          });
          const [x, y] = dispatch.workgroups;
          return { dispatch: { ...dispatch, buffers: moved }, groups: x * y };
        }),
      );
      const [first] = members;
      if (first === undefined) return { dispatches: [], scratch: [] };
      const own = first.dispatch.buffers.length - SHARED;
      const room = adapter.limits.maxStorageBuffersPerShaderStage - SHARED;
      const size = Math.max(1, Math.floor(room / own));
      const dispatches: Dispatch[] = [];
      for (let at = 0; at < members.length; at += size) dispatches.push(join(members.slice(at, at + size)));
      return { dispatches, scratch: [] };
    },
  };
}

function offsets(lengths: readonly number[]): number[] {
  let sum = 0;
  return lengths.map((length) => {
    sum += length;
    return sum - length;
  });
}

function join(members: readonly Member[]): Dispatch {
  const [first] = members as [Member, ...Member[]];
  const { dispatch } = first;
  if (members.length === 1) return dispatch;
  const [, ...constants] = dispatch.params;
  return {
    ...dispatch,
    source: repeatShader(dispatch.source, dispatch.entryPoint, {
      count: members.length,
      shared: storageBindings(dispatch.source)
        .slice(-SHARED)
        .map(({ name }) => name),
      ownParams: ["size"],
    }),
    entryPoint: `${dispatch.entryPoint}_each`,
    params: [...members.map(({ dispatch: { params } }) => params[0] as Param), ...constants],
    buffers: [
      ...members.flatMap((member) => member.dispatch.buffers.slice(0, -SHARED)),
      ...dispatch.buffers.slice(-SHARED),
    ],
    workgroups: members.reduce((most, member) => (member.groups > most.groups ? member : most)).dispatch.workgroups,
  };
}
