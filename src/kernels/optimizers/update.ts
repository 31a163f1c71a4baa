/** One step of an optimizer, of one variable or of several, in place. */
import { ValueError } from "../../core/errors.ts";
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import type { Constants, Shader } from "../wgsl/shader.ts";

/** As in the shader. */
const THREADS = 64;
/** The shader's buffers that all variables share: rates and status. */
const SHARED_BUFFERS = 2;

/** What an optimizer's rule has of its own; `C` are its constants. */
export interface UpdateRule<C> {
  readonly name: string;
  /** shaders/optimizers/update.wgsl with the rule behind it. */
  readonly shader: Shader;
  /** The tensors that it keeps for a weight, in order, and the shader's buffers for them. */
  readonly slots: Readonly<Record<string, string>>;
  /** The shader's params, the size aside. */
  params(constants: C): Readonly<Record<string, number>>;
  /** The shader's constants, those aside that say which slots there are. */
  constants?(constants: C): Constants;
}

/**
 * A weight `w`, and by their names the tensors that the rule keeps for it, without those that its options leave out.
 */
export type UpdateState<T> = { readonly w: T } & Readonly<Record<string, T | undefined>>;

/** A variable's update: its state before the step and after it, and its gradient. All are float32 and of one shape. */
export interface VariableUpdate {
  readonly state: UpdateState<Operand>;
  readonly next: UpdateState<Operand>;
  readonly gradient: Operand;
}

/** What the updates of a step read. */
export interface StepOperands {
  /** float32[6], written by the host before each step: shaders/optimizers/update.wgsl says what they are. */
  readonly rates: Operand;
  /** int32[1]: nothing is updated once it is not 0. */
  readonly status: Operand;
}

/**
 * One step of a rule as in Keras 3, for as many variables in one dispatch as the adapter has storage buffers for. The
 * call's `reads` are w, the rule's slots and the gradient, each of all variables, then rates and status; its `writes`
 * are w and the slots, in place.
 *
 * @param variables all with the same slots.
 * @throws ValueError when the slots are not those of the rule.
 * @example
 * optimizerUpdateCall(adamRule, [{ state: { w, m, v }, next: { w: newW, m: newM, v: newV }, gradient }],
 *   { rates, status }, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });
 */
export function optimizerUpdateCall<C>(
  rule: UpdateRule<C>,
  variables: readonly VariableUpdate[],
  { rates, status }: StepOperands,
  constants: C,
): KernelCall {
  const shader = rule.shader.constants(rule.constants?.(constants) ?? {});
  const [first] = variables;
  const slots = first === undefined ? [] : slotsOf(rule, first.state);
  const named = (which: "state" | "next", of = variables) =>
    Object.fromEntries(slots.map((slot) => [slot, of.map((variable) => tensorOf(rule.name, variable[which], slot))]));
  return {
    kernel: rule.name,
    reads: { ...named("state"), gradient: variables.map(({ gradient }) => gradient), rates, status },
    writes: named("next"),
    inPlace: variables.flatMap(({ state, next }) =>
      slots.map((slot) => ({ read: tensorOf(rule.name, state, slot), write: tensorOf(rule.name, next, slot) })),
    ),
    plan: (adapter) => {
      const room = adapter.limits.maxStorageBuffersPerShaderStage - SHARED_BUFFERS;
      const together = Math.max(1, Math.floor(room / (slots.length + 1)));
      const groups = Array.from({ length: Math.ceil(variables.length / together) }, (_, group) =>
        variables.slice(group * together, (group + 1) * together),
      );
      return {
        dispatches: groups.map((group) => {
          const size = group.map(({ gradient }) => sizeOf(gradient.shape));
          const state = named("next", group);
          return dispatch({
            label: rule.name,
            shader,
            entryPoint: "update",
            params: { size, ...rule.params(constants) },
            buffers: {
              ...Object.fromEntries(Object.entries(buffersOf(rule)).map(([slot, buffer]) => [buffer, state[slot]])),
              gradient: group.map(({ gradient }) => gradient),
              rates,
              status,
            },
            workgroups: foldGrid(Math.ceil(Math.max(...size) / THREADS), adapter),
          });
        }),
      };
    },
  };
}

/** The shader's buffers of a rule's state, `w` first, by the names of the slots. */
const buffersOf = ({ slots }: UpdateRule<never>): Readonly<Record<string, string>> => ({ w: "w", ...slots });

/**
 * The names of a state's tensors, in the rule's order.
 * @throws ValueError when one is not the rule's, or one is absent that no option leaves out.
 */
export function slotsOf(rule: UpdateRule<never>, state: UpdateState<unknown>): readonly string[] {
  const { name, shader } = rule;
  const known = Object.entries(buffersOf(rule));
  const given = Object.keys(state).filter((slot) => state[slot] !== undefined);
  const isOptional = (buffer: string) => shader.typeOf(`HAS_${buffer.toUpperCase()}`) !== undefined;
  const needed = known.filter(([, buffer]) => !isOptional(buffer)).map(([slot]) => slot);
  const slots = known.map(([slot]) => slot).filter((slot) => given.includes(slot));
  if (slots.length === given.length && needed.every((slot) => slots.includes(slot))) return slots;
  const names = known.map(([slot]) => (needed.includes(slot) ? slot : `${slot} (optional)`));
  throw new ValueError(`${name}: its state is ${names.join(", ")}; got ${given.join(", ")}`, { given });
}

/** A tensor, or a number, of a state that has it. */
export function tensorOf<T>(what: string, state: UpdateState<T>, slot: string): T {
  const tensor = state[slot];
  if (tensor === undefined)
    throw new ValueError(`${what}: a variable has no ${slot}; expected all to have the same slots`);
  return tensor;
}
