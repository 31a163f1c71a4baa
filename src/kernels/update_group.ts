/** Optimizer updates of several variables in one dispatch, as far as the adapter's storage buffers allow. */
import { ValueError } from "../core/errors.ts";
import type { BufferBinding, Dispatch, KernelCall, Param } from "../core/kernel_call.ts";

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
  const firstRead = offsets(calls.map(({ reads }) => reads.length));
  const firstWrite = offsets(calls.map(({ writes }) => writes.length));
  return {
    kernel: calls[0]?.kernel ?? "update",
    reads: calls.flatMap(({ reads }) => reads),
    writes: calls.flatMap(({ writes }) => writes),
    inPlace: calls.flatMap(({ inPlace = [] }, index) =>
      inPlace.map(({ read, write }) => ({
        read: read + (firstRead[index] as number),
        write: write + (firstWrite[index] as number),
      })),
    ),
    plan: (adapter) => {
      const plans = calls.map((call) => call.plan(adapter));
      const members = plans.flatMap(({ dispatches }, call) =>
        dispatches.map((dispatch): Member => {
          const moved = dispatch.buffers.map((binding): BufferBinding => {
            if (binding.kind === "scratch") return binding;
            const first = binding.kind === "read" ? firstRead[call] : firstWrite[call];
            return { ...binding, index: binding.index + (first as number) };
          });
          const [x, y] = dispatch.workgroups;
          return { dispatch: { ...dispatch, buffers: moved }, groups: x * y };
        }),
      );
      const [first] = members;
      if (first === undefined) return { dispatches: [], scratch: [] };
      const own = first.dispatch.buffers.filter(isOwn).length;
      const room = adapter.limits.maxStorageBuffersPerShaderStage - (first.dispatch.buffers.length - own);
      const size = Math.max(1, Math.floor(room / own));
      const dispatches: Dispatch[] = [];
      for (let at = 0; at < members.length; at += size) dispatches.push(join(members.slice(at, at + size)));
      return { dispatches, scratch: plans[0]?.scratch ?? [] };
    },
  };
}

/** Rates and status, the last two, and scratch that stands for a state left out are one for all variables. */
const isOwn = (binding: BufferBinding, index: number, all: readonly BufferBinding[]) =>
  binding.kind !== "scratch" && index < all.length - 2;

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
  const isShared = dispatch.buffers.map((binding, index, all) => !isOwn(binding, index, all));
  const [, ...constants] = dispatch.params;
  return {
    ...dispatch,
    source: repeat(dispatch.source, dispatch.entryPoint, isShared, members.length),
    entryPoint: `${dispatch.entryPoint}_each`,
    params: [...members.map(({ dispatch: { params } }) => params[0] as Param), ...constants],
    buffers: [
      ...members.flatMap((member) => member.dispatch.buffers.filter((_, index) => !isShared[index])),
      ...dispatch.buffers.filter((_, index) => isShared[index]),
    ],
    workgroups: members.reduce((most, member) => (member.groups > most.groups ? member : most)).dispatch.workgroups,
  };
}

const BINDING = /^@group\(0\) @binding\((\d+)\) var<storage, (\w+)> (\w+): ([^;]+);\n/gm;
const ENTRY = /^@compute @workgroup_size\(THREADS\)\n/gm;

/**
 * The shader of one variable's update, made one of `count`: its functions and the buffers that are a variable's own are there
 * once for each, and one entry point calls all. The shader's first param is `size`; its entry point takes group, groups, lane.
 */
function repeat(source: string, entryPoint: string, isShared: readonly boolean[], count: number): string {
  const bindings = [...source.matchAll(BINDING)].map(([, , access, name, type]) => ({ access, name, type }));
  const start = source.search(/^(fn|@compute) /m);
  if (bindings.length !== isShared.length || start < 0 || !source.includes("  size: u32,\n")) {
    throw new ValueError(`update group: the shader of ${entryPoint} has another form than an update of one variable`, {
      entryPoint,
    });
  }
  const body = source
    .slice(start)
    .replace(ENTRY, "")
    .replace(/@builtin\(\w+\) /g, "");
  const functions = [...body.matchAll(/^fn (\w+)/gm)].map(([, name]) => name as string);
  const own = bindings.filter((_, index) => !isShared[index]);
  const copies = Array.from({ length: count }, (_, copy) => copy);
  const declared = [
    ...copies.flatMap((copy) => own.map((binding) => ({ ...binding, name: `${binding.name}_${copy}` }))),
    ...bindings.filter((_, index) => isShared[index]),
  ].map(
    ({ access, name, type }, index) => `@group(0) @binding(${index + 1}) var<storage, ${access}> ${name}: ${type};\n`,
  );
  const names = new RegExp(`(?<![\\w.])(${[...own.map(({ name }) => name), ...functions].join("|")})(?=[\\[(])`, "g");
  const head = source
    .slice(0, start)
    .replace(BINDING, "")
    .replace("  size: u32,\n", copies.map((copy) => `  size_${copy}: u32,\n`).join(""));
  return [
    head,
    ...declared,
    ...copies.map((copy) => body.replace(names, `$1_${copy}`).replace(/\bparams\.size\b/g, `params.size_${copy}`)),
    `@compute @workgroup_size(THREADS)
fn ${entryPoint}_each(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
${copies.map((copy) => `  ${entryPoint}_${copy}(group, groups, lane);\n`).join("")}}
`,
  ].join("");
}
