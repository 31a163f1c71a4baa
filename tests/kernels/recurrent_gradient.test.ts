import { describe, it } from "vitest";
import { Random } from "../../src/core/random.ts";
import { recurrentGradientCall } from "../../src/kernels/recurrent/recurrent_gradient.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";
import { expectClose } from "./close.ts";
import { normals, scheduleOf, testMask } from "./lstm_reference.ts";

interface Sizes {
  readonly batch: number;
  readonly steps: number;
  readonly M: number;
  readonly N: number;
}

/** hᵀ · dZ of a mask's rows, in float64. */
function reference(
  { batch, steps, M, N }: Sizes,
  hidden: Float32Array,
  dZ: Float32Array,
  initial: Float32Array | undefined,
): Float64Array {
  const sum = new Float64Array(M * N);
  for (let row = 0; row < batch; row++) {
    for (let t = 0; t < steps; t++) {
      for (let m = 0; m < M; m++) {
        const h = t > 0 ? (hidden[(row * steps + t - 1) * M + m] as number) : (initial?.[row * M + m] ?? 0);
        for (let n = 0; n < N; n++) {
          sum[m * N + n] = (sum[m * N + n] as number) + h * (dZ[(row * steps + t) * N + n] as number);
        }
      }
    }
  }
  return sum;
}

describe("recurrentGradientCall", () => {
  it.each([
    { batch: 1, steps: 1, M: 1, N: 4, hasInitial: [true] },
    { batch: 3, steps: 9, M: 7, N: 28, hasInitial: [false, true] },
    { batch: 5, steps: 13, M: 65, N: 260, hasInitial: [true] },
    { batch: 17, steps: 6, M: 36, N: 20, hasInitial: [false] },
  ])("multiplies h before each step with the step's gradient: %o", async ({ hasInitial, ...sizes }) => {
    const { batch, steps, M, N } = sizes;
    const random = new Random(batch + M);
    const mask = testMask("left", batch, steps);
    const hidden = normals(random, batch * steps * M);
    const dZ = normals(random, batch * steps * N).map((value, at) => (mask[Math.floor(at / N)] === 0 ? 0 : value));
    const initial = normals(random, 2 * batch * M);
    for (const first of hasInitial.map((has) => (has ? initial : undefined))) {
      for (const adapter of [
        testTraits(),
        testTraits("lavapipe", { subgroupSize: 0 }),
        testTraits("gpu"),
        testTraits("lavapipe", { dispatchSeconds: 1e-9 }),
      ]) {
        const call = recurrentGradientCall(
          {
            hidden: operand("input", 0, [batch, steps, M]),
            dZ: operand("input", 1, [batch, steps, N]),
            schedule: operand("input", 2, [3 * batch + batch * steps], "int32"),
            initial: first && operand("input", 3, [2, batch, M]),
          },
          { isMasked: true },
          operand("output", 0, [M, N]),
        );
        const inputs = [hidden, dZ, scheduleOf(mask, batch, steps), ...(first ? [first] : [])];
        const [out] = await runKernel(await testDevice(), call, inputs, { adapter });
        expectClose(out ?? [], reference(sizes, hidden, dZ, first), 2e-5, "out");
      }
    }
  });
});
