/** Cases that run a graph over variables. All data is on the device, so nothing is uploaded during a run. */
import type { KernelCall } from "../core/kernel_call.ts";
import type { NdArray } from "../core/nd_array.ts";
import type { Device } from "../gpu/device.ts";
import type { Graph, Variable } from "../graph/operation.ts";
import { Program } from "../runtime/run/program.ts";
import { variablesOf } from "../runtime/run/variables.ts";
import type { BenchCase, Prepared } from "./bench_case.ts";
import { dispatchesOf, programSubject, programWallSubject } from "./timed_subjects.ts";

/** A graph to time, and the variables that hold its data. */
export interface BenchGraph {
  readonly graph: Graph;
  readonly variables: readonly Variable[];
  /** The kernel whose variants are measured; undefined if the graph uses several kernels. */
  readonly kernel?: string;
  /** Variables that the graph updates and that are checked after one run. */
  readonly updated?: readonly Variable[];
  /** Compares the graph's outputs, then the updated variables, with the reference. @throws CheckError */
  check(results: readonly NdArray[]): void;
}

/** A case without its graph, which is built for each variant. */
export interface GraphCaseOptions extends Omit<BenchCase, "prepare"> {
  readonly build: () => BenchGraph;
}

/** Makes a case that compiles a graph and runs it. */
export function graphCase({ build, ...facts }: GraphCaseOptions): BenchCase {
  return { ...facts, prepare: (device, variant) => prepareGraph(device, facts.name, build(), variant) };
}

async function prepareGraph(device: Device, name: string, built: BenchGraph, variant?: string): Promise<Prepared> {
  const { graph, variables, kernel, updated = [], check } = built;
  const store = variablesOf(device);
  const seen = new VariantChoice(device, kernel, variant);
  const release = () => store.release(variables);
  try {
    // The upload of the data is not part of the compile time.
    await device.guard(`${name}: data`, () => {
      for (const variable of variables) store.bufferOf(variable);
    });
    const began = performance.now();
    const options = { label: name, inputs: [], chooseVariant: (call: KernelCall) => seen.choose(call) };
    const program = await Program.compile(device, graph, options);
    return {
      subject: programSubject(device, program),
      wall: programWallSubject(device, program),
      compileSeconds: (performance.now() - began) / 1000,
      ...dispatchesOf(device, program),
      variants: seen.variants,
      chosen: seen.chosen,
      check: async () => check([...(await program.run()), ...(await store.read(updated))]),
      dispose: () => {
        program.dispose();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Sets the variant of a kernel's calls, and records the variants that exist and the one that a call chooses by default.
 */
class VariantChoice {
  variants: readonly string[] = [];
  chosen: string | undefined;
  readonly #device: Device;
  readonly #kernel: string | undefined;
  readonly #variant: string | undefined;

  constructor(device: Device, kernel: string | undefined, variant: string | undefined) {
    this.#device = device;
    this.#kernel = kernel;
    this.#variant = variant;
  }

  choose(call: KernelCall): string | undefined {
    if (call.kernel !== this.#kernel || call.variants === undefined) return undefined;
    const { traits } = this.#device;
    const own = fingerprint(call, undefined);
    this.variants = call.variants;
    this.chosen = call.variants.find((name) => fingerprint(call, name) === own);
    return this.#variant;

    /** The plan as a string: variants with equal plans are the same. */
    function fingerprint(planned: KernelCall, name: string | undefined): string {
      try {
        return JSON.stringify(planned.plan(traits, name));
      } catch (error) {
        // This variant does not support the shape or the adapter.
        return String(error);
      }
    }
  }
}
