import { expect, it } from "vitest";
import { averageCall } from "../../src/kernels/optimizers/average.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";
import { expectClose } from "./close.ts";

it("averageCall keeps its share of the average, over several workgroups, and stops at a bad status", async () => {
  const size = 257;
  const [average, w] = [7, 11].map((seed) => Float32Array.from({ length: size }, (_, at) => Math.sin(at * seed)));
  const call = averageCall(
    operand("input", 0, [size]),
    {
      w: operand("input", 1, [size]),
      rates: operand("input", 2, [6]),
      status: operand("input", 3, [1], "int32"),
    },
    operand("output", 0, [size]),
  );
  const rates = Float32Array.of(9, 9, 9, 9, 0.75, 9);
  const run = async (status: number) => {
    const inputs = [average as Float32Array, w as Float32Array, rates, Int32Array.of(status)];
    return (await runKernel(await testDevice(), call, inputs))[0];
  };
  const wanted = Array.from(average as Float32Array, (a, at) => 0.75 * a + 0.25 * (w?.[at] as number));
  expectClose((await run(0)) as Float32Array, wanted, 1e-6, "average");
  expect(await run(3)).toEqual(average);
});
