/** Every op on the GPU against the float64 reference: its value, and its gradients by random cotangents. */

import type { ReferenceArray } from "../../src/graph/op.ts";
import { type Device, inputValue, interpret, type NdArray, Program, type Value, vjp } from "../../src/index.ts";
import { expectClose } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { casesByOp } from "./ops/index.ts";
import { DEFAULT_TOLERANCE, drawInputs, normal, type OpCase, seedOf } from "./ops/op_case.ts";
import { stepOpCases } from "./ops/steps.ts";

interface Prepared {
  readonly opCase: OpCase;
  readonly outputs: readonly Value[];
  /** What each output is, for messages. */
  readonly labels: readonly string[];
}

/** Builds a case's values and gradients, and adds what it feeds to `feeds`. */
function prepare(opCase: OpCase, feeds: Map<Value, NdArray>): Prepared {
  const { op, name, inputs, build, hasGradient = true, withoutCotangent = [] } = opCase;
  const seed = seedOf(`${op} ${name}`);
  const values = inputs.map(({ shape, dtype }, index) => inputValue(`${name}/${index}`, shape, dtype));
  for (const [index, array] of drawInputs(inputs, seed).entries()) feeds.set(values[index] as Value, array);
  const outputs = build(values);
  const labels = outputs.map((_, index) => `${op}: ${name}: output ${index}`);
  if (!hasGradient) return { opCase, outputs, labels };
  const ends = outputs.filter(({ dtype }, index) => dtype === "float32" && !withoutCotangent.includes(index));
  const cotangents = ends.map(({ shape }, index) => inputValue(`${name}/cotangent ${index}`, shape));
  const drawn = drawInputs(
    ends.map(({ shape }) => normal(shape)),
    seed + 1,
  );
  for (const [index, value] of cotangents.entries()) feeds.set(value, drawn[index] as NdArray);
  const wrt = values.filter(({ dtype }) => dtype === "float32");
  return {
    opCase,
    outputs: [...outputs, ...vjp(ends, cotangents, wrt)],
    labels: [...labels, ...wrt.map((value) => `${op}: ${name}: gradient by input ${values.indexOf(value)}`)],
  };
}

/**
 * Runs cases as one program, twice, and compares all values and gradients. @throws Error for the first that differs.
 */
export async function compareOnGpu(device: Device, opCases: readonly OpCase[]): Promise<void> {
  const feeds = new Map<Value, NdArray>();
  const prepared = opCases.map((opCase) => prepare(opCase, feeds));
  const graph = { outputs: prepared.flatMap(({ outputs }) => outputs), updates: [] };
  const program = await Program.compile(device, graph, { label: opCases[0]?.op ?? "", inputs: [...feeds.keys()] });
  try {
    const came = await program.run(feeds);
    const wanted = interpret(graph, { inputs: feeds });
    let at = 0;
    for (const { opCase, labels } of prepared) {
      for (const label of labels) {
        const tolerance = opCase.tolerance ?? DEFAULT_TOLERANCE;
        expectClose(label, came[at] as NdArray, wanted[at] as ReferenceArray, tolerance);
        at++;
      }
    }
    // The same program once more: what the first run left in its buffers must not matter.
    const again = await program.run(feeds);
    again.forEach((array, index) => {
      const first = came[index] as NdArray;
      expectClose(`${opCases[0]?.op}: the second run's output ${index}`, array, first, { absolute: 0, relative: 0 });
    });
  } finally {
    program.dispose();
  }
}

/** All cases of an op are one program: its pipelines compile together. */
export const opConformance: readonly ConformanceCase[] = [...casesByOp(), ...stepOpCases].map(([op, all]) => {
  const opCases = all.filter(({ isOnGpu = true }) => isOnGpu);
  return { name: `op ${op}: ${opCases.length} cases against float64`, run: (device) => compareOnGpu(device, opCases) };
});
