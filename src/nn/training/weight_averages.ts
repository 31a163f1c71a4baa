import type { Compiled, StepModel } from "./step_model.ts";

/** With `useEma`, replaces the weights with their moving averages at the end of a training run, as in Keras. */
export async function takeAverages(
  { device }: Pick<StepModel, "device">,
  { optimizer, weights, slots }: Compiled,
): Promise<void> {
  const pairs = weights.flatMap((to, index) => {
    const from = optimizer.averageOf(slots[index] ?? []);
    return from === undefined ? [] : [{ from, to }];
  });
  if (pairs.length === 0) return;
  const { copyVariables } = await import("../../runtime/run/copy_variables.ts");
  await copyVariables(device, pairs);
}
