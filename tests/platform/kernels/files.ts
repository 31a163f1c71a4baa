/** The kernels' tests as cases for where Vitest does not run. */
import type { ConformanceCase } from "../../conformance/case.ts";

/** Every file of tests/kernels that runs kernels. */
const FILES = {
  activations: () => import("../../kernels/activations.test.ts"),
  adam: () => import("../../kernels/adam.test.ts"),
  adaptive: () => import("../../kernels/adaptive.test.ts"),
  average: () => import("../../kernels/average.test.ts"),
  batch: () => import("../../kernels/batch.test.ts"),
  check_finite: () => import("../../kernels/check_finite.test.ts"),
  ftrl: () => import("../../kernels/ftrl.test.ts"),
  gather: () => import("../../kernels/gather.test.ts"),
  lstm_backward: () => import("../../kernels/lstm_backward.test.ts"),
  lstm_cell: () => import("../../kernels/lstm_cell.test.ts"),
  lstm_forward: () => import("../../kernels/lstm_forward.test.ts"),
  mask_schedule: () => import("../../kernels/mask_schedule.test.ts"),
  matmul: () => import("../../kernels/matmul.test.ts"),
  padded_sweeps: () => import("../../kernels/padded_sweeps.test.ts"),
  random: () => import("../../kernels/random.test.ts"),
  recurrent_gradient: () => import("../../kernels/recurrent_gradient.test.ts"),
  reduce: () => import("../../kernels/reduce.test.ts"),
  rmsprop: () => import("../../kernels/rmsprop.test.ts"),
  score_rows: () => import("../../kernels/score_rows.test.ts"),
  segment_sum: () => import("../../kernels/segment_sum.test.ts"),
  sgd: () => import("../../kernels/sgd.test.ts"),
  softmax: () => import("../../kernels/softmax.test.ts"),
  sort_ids: () => import("../../kernels/sort_ids.test.ts"),
  sweeps: () => import("../../kernels/sweeps.test.ts"),
  top_k: () => import("../../kernels/top_k.test.ts"),
  update_group: () => import("../../kernels/update_group.test.ts"),
} as const;

/** One case for each file, which runs all that the file declares. */
export const kernelCases: readonly ConformanceCase[] = Object.entries(FILES).map(([name, load]) => ({
  name: `kernels: ${name}`,
  isElsewhereOnly: true,
  run: async () => {
    const { collect } = await import("../../support/without_vitest.ts");
    const failures: string[] = [];
    for (const { name: title, run } of await collect(name, load)) {
      await run(undefined as never).catch((error: unknown) => failures.push(`${title}: ${String(error)}`));
    }
    if (failures.length > 0) throw new Error(failures.join("\n"));
  },
}));

/** Those that CI runs in every runtime: they compile few pipelines. */
export const fewKernelCases: readonly ConformanceCase[] = kernelCases.filter(({ name }) =>
  /: (batch|gather|mask_schedule)$/.test(name),
);
