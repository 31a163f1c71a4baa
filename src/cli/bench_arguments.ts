/** The arguments of `sluice bench`. */
import type { Work } from "../bench/bench_case.ts";
import { parseAmount, parseBuffers, parseWorkgroups, type ShaderBuffer } from "../bench/shader_case.ts";
import { COMMON, type CommandLine, choice, type OptionTable, parseOptions, textOf } from "./command_line.ts";
import { RUNTIMES, type RuntimeName } from "./runtime_info.ts";
import { UsageError } from "./usage_error.ts";

/** The parsed arguments of `sluice bench`. */
export interface BenchArguments {
  readonly runtime: RuntimeName;
  readonly filter: string | undefined;
  readonly all: boolean;
  readonly quick: boolean;
  readonly peers: boolean;
  readonly defaultLimits: boolean;
  readonly json: string | undefined;
  /** The JSON of an earlier run to compare with. */
  readonly compare: string | undefined;
  readonly anyAdapter: boolean;
  readonly shader: ShaderArguments | undefined;
}

/** A shader to time instead of the cases. */
export interface ShaderArguments {
  readonly file: string;
  readonly entryPoint: string | undefined;
  readonly buffers: readonly ShaderBuffer[];
  readonly workgroups: readonly [number, number, number];
  readonly work: Work;
}

/** Options of `sluice bench`. */
export const BENCH_OPTIONS = {
  filter: {
    value: "WORDS",
    help: 'only cases whose name contains all words, such as "matmul 32000"; separate filters by commas',
  },
  all: { help: "run every case: the whole grid of the LSTM takes hours without a GPU" },
  quick: { help: "fewer samples, and only the variants that Sluice chooses" },
  peers: { help: "also run the same tasks in other libraries, alternating with Sluice" },
  "default-limits": { help: "stay within WebGPU's default limits, which every adapter supports" },
  runtime: { value: "NAME", help: "node, deno, chromium or firefox (node)" },
  json: { value: "FILE", help: "write the results as JSON" },
  compare: { value: "OLD.json", help: "report what became faster or slower since that run, beyond noise" },
  "any-adapter": { help: "allow a comparison with a run on another adapter or runtime" },
  shader: { value: "FILE", help: "time this WGSL shader instead of the cases" },
  entry: { value: "NAME", help: "the shader's entry point, if it has several" },
  buffers: {
    value: "LIST",
    help: "the shader's buffers by @binding: sizes or values, such as 64MiB,64MiB,u32:16777216",
  },
  workgroups: { value: "COUNT", help: "the workgroups to dispatch, such as 1024 or 64x64 (1)" },
  flops: { value: "N", help: "floating-point operations of one dispatch, for GFLOP/s, such as 2e9" },
  bytes: { value: "N", help: "bytes that one dispatch reads and writes, for GB/s, such as 128MiB" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * Parses the arguments of `sluice bench`.
 * @throws UsageError for an unknown option, a missing value, or an unexpected argument.
 */
export function parseBench(argv: readonly string[]): BenchArguments {
  const values = parseOptions("bench", argv, BENCH_OPTIONS);
  return {
    runtime: choice(values, "runtime", RUNTIMES) ?? "node",
    filter: textOf(values, "filter"),
    all: values.has("all"),
    quick: values.has("quick"),
    peers: values.has("peers"),
    defaultLimits: values.has("default-limits"),
    json: textOf(values, "json"),
    compare: textOf(values, "compare"),
    anyAdapter: values.has("any-adapter"),
    shader: shaderOf(values),
  };
}

const SHADER_ONLY = ["entry", "buffers", "workgroups", "flops", "bytes"] as const;

function shaderOf(values: CommandLine["values"]): ShaderArguments | undefined {
  const file = textOf(values, "shader");
  if (file === undefined) {
    const stray = SHADER_ONLY.find((name) => values.has(name));
    if (stray !== undefined) throw new UsageError(`--${stray} is for a shader; expected --shader FILE with it`);
    return undefined;
  }
  const amount = (name: "flops" | "bytes") => parsed(values, name, "0", parseAmount);
  return {
    file,
    entryPoint: textOf(values, "entry"),
    buffers: values.has("buffers") ? parsed(values, "buffers", "", parseBuffers) : [],
    workgroups: parsed(values, "workgroups", "1", parseWorkgroups),
    work: { flops: amount("flops"), bytes: amount("bytes") },
  };
}

function parsed<T>(values: CommandLine["values"], name: string, otherwise: string, parse: (text: string) => T): T {
  try {
    return parse(textOf(values, name) ?? otherwise);
  } catch (error) {
    throw new UsageError(`--${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
