/**
 * Reads the dispatches of a plan. Shaders are generated from their recipes by the same code that the planner uses. Only
 * numbers, and names that are listed in tables here, get from the file into WGSL.
 */
import { FormatError } from "../../core/errors.ts";
import {
  arrayOf,
  asFormatError,
  choiceOf,
  countOf,
  countsOf,
  flagOf,
  objectOf,
  optionalOf,
  show,
  textOf,
} from "../../core/json_check.ts";
import type { Tensor } from "../../core/kernel_call.ts";
import type { JsonValue } from "../../io/strict_json.ts";
import type { Allowed, ShaderRule, ShaderRules } from "../../kernels/plan_rules/rule.ts";
import { rules, templates } from "../../kernels/plan_shaders/shared.ts";
import { dispatch as printDispatch } from "../../kernels/wgsl/dispatch.ts";
import type { ShaderFile } from "../../kernels/wgsl/parsed.ts";
import { Shader } from "../../kernels/wgsl/shader.ts";
import type { BoundBuffer, DispatchCommand } from "../../runtime/plan/plan.ts";
import { workOf } from "./check_demand.ts";

/** A shader of a plan. */
interface PlanShader {
  readonly name: string;
  readonly rule: ShaderRule;
  readonly shader: Shader;
}

/** A dispatch of a plan, and its multiply-adds. */
export interface ReadDispatch {
  readonly command: DispatchCommand;
  readonly work: number;
}

/** Finds a buffer of the plan by its location, and checks its size. */
export type FindBuffer = (value: JsonValue, what: string) => BoundBuffer;

/** WebGPU's default limits, per dimension and per dispatch. */
const MOST_WORKGROUPS = 65535;
const MOST_BUFFERS = 8;

/** Shaders that are imported together: files of `shaders/`, and the rules for their use in plans. */
export interface ShaderSet {
  readonly templates: Readonly<Record<string, ShaderFile>>;
  readonly rules: ShaderRules;
  /** Only in the set whose shader contains a generated function. */
  readonly expressionShader?: (frame: Shader, value: JsonValue, what: string) => Shader;
}

/** The shaders of a plan file, and the dispatches that use them. */
export class DispatchReader {
  readonly #shaders: readonly PlanShader[];

  constructor(shaders: readonly JsonValue[], sets: readonly ShaderSet[], what: string) {
    const all: readonly ShaderSet[] = [{ rules, templates }, ...sets];
    this.#shaders = shaders.map((value, index) => readShader(value, all, `${what}[${index}]`));
  }

  /** @throws FormatError if the dispatch does not match the shader, or exceeds its buffers. */
  read(value: JsonValue, find: FindBuffer, what: string): ReadDispatch {
    const fields = objectOf(value, what);
    const planned = this.#shaders[countOf(fields.get("shader"), `${what}.shader`, this.#shaders.length - 1)];
    if (planned === undefined) throw new FormatError(`${what}.shader: the plan has no shaders`);
    const { name, rule, shader } = planned;
    const entryPoint = choiceOf(fields.get("entryPoint"), `${what}.entryPoint`, Object.keys(rule.entries));
    const params = Object.fromEntries(
      [...objectOf(fields.get("params"), `${what}.params`)].map(([param, given]) => [param, wholeOf(given, what)]),
    );
    const [x, y, z, ...more] = countsOf(fields.get("workgroups"), `${what}.workgroups`, 3);
    if (x === undefined || y === undefined || z === undefined || more.length > 0) {
      throw new FormatError(`${what}.workgroups: expected three numbers`);
    }
    const workgroups = [x, y, z] as const;
    if (workgroups.some((count) => count > MOST_WORKGROUPS)) {
      throw new FormatError(`${what}.workgroups are [${workgroups}]; expected at most ${MOST_WORKGROUPS} each`);
    }
    const buffers = readBuffers(objectOf(fields.get("buffers"), `${what}.buffers`), find, what);
    const { label, ...printed } = asFormatError(what, () =>
      printDispatch({ label: `${name}/${entryPoint}`, shader, entryPoint, params, buffers: buffers.named, workgroups }),
    );
    const access = printed.buffers.map((bound) => bound.access);
    const work = workOf(
      rule,
      { entryPoint, params, workgroups, bytes: buffers.bytes, ...shader.recipe, expression: shader.recipe.expression },
      what,
    );
    const { buffers: bound, ...rest } = printed;
    return {
      work,
      command: {
        kind: "dispatch",
        operation: label,
        buffers: bound.map(({ tensor }) => buffers.placeOf(tensor)),
        dispatch: { ...rest, label, access },
      },
    };
  }
}

/** An integer param. Shaders with f32 params cannot be used in plans. */
function wholeOf(value: JsonValue, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new FormatError(`${what}.params: expected whole numbers, got ${show(value)}`);
}

/** The buffers of a dispatch by name: null if omitted, a list if several tensors share the dispatch. */
function readBuffers(fields: ReadonlyMap<string, JsonValue>, find: FindBuffer, what: string) {
  const named: Record<string, BoundBuffer | readonly BoundBuffer[] | undefined> = {};
  const bytes = new Map<string, readonly number[]>();
  const places = new Map<Tensor, BoundBuffer>();
  const found = (value: JsonValue, where: string): BoundBuffer => {
    const buffer = find(value, where);
    places.set(buffer, buffer);
    return buffer;
  };
  if (fields.size > MOST_BUFFERS * 2) throw new FormatError(`${what}: ${fields.size} buffers; the file is damaged`);
  for (const [name, value] of fields) {
    const where = `${what}.buffers.${name}`;
    const isList = Array.isArray(value) && Array.isArray(value[0]);
    const list = isList ? arrayOf(value, where, MOST_BUFFERS).map((each) => found(each, where)) : undefined;
    const one = list === undefined ? optionalOf(value, where, (given) => found(given as JsonValue, where)) : undefined;
    Object.defineProperty(named, name, { value: list ?? one, enumerable: true });
    const bound = list ?? (one === undefined ? [] : [one]);
    if (bound.length > 0)
      bytes.set(
        name,
        bound.map((buffer) => buffer.bytes),
      );
  }
  if ([...bytes.values()].flat().length > MOST_BUFFERS) {
    throw new FormatError(`${what}: binds more than ${MOST_BUFFERS} buffers, WebGPU's default limit`);
  }
  const placeOf = (tensor: Tensor): BoundBuffer => {
    const place = places.get(tensor);
    if (place === undefined) throw new FormatError(`${what}: there is no such buffer`);
    return place;
  };
  return { named, bytes, placeOf };
}

function readShader(value: JsonValue, sets: readonly ShaderSet[], what: string): PlanShader {
  const fields = objectOf(value, what);
  const name = textOf(fields.get("name"), `${what}.name`);
  const set = sets.find(({ rules }) => Object.hasOwn(rules, name));
  const rule = set?.rules[name];
  if (rule === undefined)
    throw new FormatError(`${what}.name: plans have no shader ${show(name)}; save the model again`);
  const constants = Object.fromEntries(
    [...objectOf(fields.get("constants"), `${what}.constants`)].map(([constant, given]) => {
      const where = `${what}.constants.${constant}`;
      const allowed = rule.constants?.[constant];
      if (!(allowed && Object.hasOwn(rule.constants ?? {}, constant))) {
        throw new FormatError(`${where}: plans cannot set it`);
      }
      return [constant, readConstant(given, allowed, where)] as const;
    }),
  );
  const features = arrayOf(fields.get("features"), `${what}.features`, 4).map((feature) =>
    choiceOf(feature, `${what}.features`, rule.features ?? []),
  );
  const templates = name.split("+").map((file) => {
    const template = sets.find((each) => Object.hasOwn(each.templates, file))?.templates[file];
    if (template === undefined) throw new FormatError(`${what}: the plan does not list the set of ${file}`);
    return [file, template] as const;
  });
  const frame = Shader.of(Object.fromEntries(templates));
  const shader = set?.expressionShader?.(frame, fields.get("expression") ?? null, `${what}.expression`) ?? frame;
  return { name, rule, shader: asFormatError(what, () => shader.constants(constants).features(features)) };
}

function readConstant(value: JsonValue, allowed: Allowed, what: string): number | boolean | string {
  if (allowed === "boolean") return flagOf(value, what);
  if ("oneOf" in allowed) return choiceOf(value, what, allowed.oneOf);
  const [least, most] = allowed;
  const number = countOf(value, what, most);
  if (number >= least) return number;
  throw new FormatError(`${what} is ${number}; expected at least ${least}`);
}
