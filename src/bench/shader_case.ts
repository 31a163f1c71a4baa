/** Makes a case of a user's shader. */
import { ValueError } from "../core/errors.ts";
import {
  finite,
  ifGiven,
  listOf,
  type OptionKind,
  oneOf,
  readOptions,
  readValue,
  recordOf,
  required,
  resolvedBy,
  type TableOf,
  text as textKind,
  upTo,
} from "../core/option_table.ts";
import { Random } from "../core/random.ts";
import { ShaderProgram } from "../runtime/run/shader_program.ts";
import { type BenchCase, WORK, type Work } from "./bench_case.ts";
import { shaderSubject, shaderWallSubject } from "./timed_subjects.ts";

/** A shader as plain data: from a file, or pasted into a page. */
export interface ShaderJob {
  readonly name: string;
  readonly source: string;
  readonly entryPoint?: string | undefined;
  /** The contents of each buffer, ordered by binding number. */
  readonly buffers: readonly ShaderBuffer[];
  readonly workgroups: readonly [number, number, number];
  /** The work of one dispatch; 0 if unknown. */
  readonly work: Work;
}

/** A buffer of this many bytes filled with random float32 in [-1, 1), or a buffer with the given values. */
export type ShaderBuffer =
  | { readonly kind: "random"; readonly bytes: number }
  | { readonly kind: "u32" | "i32" | "f32"; readonly values: readonly number[] };

/** The largest buffer; no adapter can bind a larger one. */
const MOST_BYTES = 2 ** 32;

const buffer = resolvedBy("a buffer: { kind, bytes } or { kind, values }", (given: ShaderBuffer) => {
  if (given?.kind === "random") return upTo(MOST_BYTES).read(given.bytes) && given.bytes >= 4 ? given : undefined;
  return oneOf(["u32", "i32", "f32"]).read(given?.kind) && listOf(finite).read(given.values) ? given : undefined;
});

const count = upTo(65535);
const counts = listOf(count, 3);
const threeCounts: OptionKind<readonly [number, number, number]> = {
  expected: counts.expected,
  read: (value) => {
    const [x, y, z] = counts.read(value) ?? [];
    return x !== undefined && y !== undefined && z !== undefined ? [x, y, z] : undefined;
  },
};

const SHADER = {
  name: required(textKind),
  source: required(textKind),
  entryPoint: ifGiven(textKind),
  buffers: required(listOf(buffer)),
  workgroups: required(threeCounts),
  work: required(recordOf("shaderCase: work", WORK)),
} satisfies TableOf<ShaderJob>;

/**
 * Makes a case of the shader. The result is not checked; the device must only accept and run the shader.
 * @throws ValueError for sizes or counts that no device supports.
 */
export function shaderCase(job: ShaderJob): BenchCase {
  const { name, source, entryPoint, buffers, workgroups, work } = readOptions("shaderCase", SHADER, job);
  return {
    name,
    group: "shader",
    isDefault: true,
    work,
    prepare: async (device) => {
      const contents = buffers.map(contentOf);
      const began = performance.now();
      const options = { label: name, source, buffers: contents, workgroups, ...(entryPoint && { entryPoint }) };
      const program = await ShaderProgram.compile(device, options);
      return {
        subject: shaderSubject(device, program),
        wall: shaderWallSubject(device, program),
        compileSeconds: (performance.now() - began) / 1000,
        dispatches: 1,
        variants: [],
        chosen: undefined,
        check: () => program.run(),
        dispose: () => program.dispose(),
      };
    },
  };
}

/** Random data repeats after this many numbers, so that large buffers are filled quickly. */
const PERIOD = 4099;

const ARRAYS = { u32: Uint32Array, i32: Int32Array, f32: Float32Array } as const;

function contentOf(buffer: ShaderBuffer, index: number): Uint8Array<ArrayBuffer> {
  if (buffer.kind === "random") return randomBytes(buffer.bytes, index);
  return new Uint8Array(ARRAYS[buffer.kind].from(buffer.values).buffer);
}

function randomBytes(bytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = new Random(seed);
  const block = Float32Array.from({ length: PERIOD }, () => 2 * random.uniform() - 1);
  const data = new Float32Array(Math.ceil(bytes / 4));
  for (let start = 0; start < data.length; start += PERIOD) data.set(block.subarray(0, data.length - start), start);
  return new Uint8Array(data.buffer);
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  kib: 2 ** 10,
  m: 1e6,
  mb: 1e6,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gib: 2 ** 30,
};

/**
 * Parses "64MiB", "2e9" or "1.5 GB" as a number.
 * @throws ValueError for anything else.
 */
export function parseAmount(text: string): number {
  readValue("parseAmount", "text", textKind, text);
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?(?:e\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = UNITS[(unit ?? "").toLowerCase()];
  if (digits === undefined || factor === undefined) {
    throw new ValueError(
      `"${text}" is not an amount; expected a number with or without a unit, such as 4096 or 64MiB`,
      {
        text,
      },
    );
  }
  return Math.round(Number(digits) * factor);
}

/**
 * Parses buffers, separated by commas: sizes, or values after their type: "64MiB,64MiB,u32:16777216:4".
 * @throws ValueError for anything else.
 */
export function parseBuffers(text: string): ShaderBuffer[] {
  readValue("parseBuffers", "text", textKind, text);
  return text.split(",").map((part): ShaderBuffer => {
    const [, kind, list] = /^\s*(u32|i32|f32):(.*)$/i.exec(part) ?? [];
    if (kind === undefined || list === undefined) return { kind: "random", bytes: parseAmount(part) };
    const values = list.split(":").map((value) => Number(value.trim() || Number.NaN));
    if (!values.every(Number.isFinite)) {
      throw new ValueError(`"${part}" contains no numbers; expected values after the type, such as u32:1024:4`, {
        part,
      });
    }
    return { kind: kind.toLowerCase() as "u32" | "i32" | "f32", values };
  });
}

/** Parses "128", "128,8" or "128x8x2" as three counts. @throws ValueError for anything else. */
export function parseWorkgroups(text: string): [number, number, number] {
  readValue("parseWorkgroups", "text", textKind, text);
  const parts = text.split(/[x,]/).map((part) => Number(part.trim() || Number.NaN));
  if (parts.length > 3 || !parts.every((count) => Number.isInteger(count) && count > 0)) {
    throw new ValueError(`"${text}" is not a number of workgroups; expected 128, 128x8 or 128x8x2`, { text });
  }
  const [x = 1, y = 1, z = 1] = parts;
  return [x, y, z];
}
