import type { History } from "../model/model_options.ts";
import type { Recovery, TrainingState, TrainingStatistics } from "./training_state.ts";

/** What `fit` returns, from where the training ended. */
export function historyOf(
  { records }: TrainingState,
  statistics: TrainingStatistics,
  recoveries: readonly Recovery[],
): History {
  const history: Record<string, number[]> = {};
  for (const { logs } of records) {
    for (const [name, value] of Object.entries(logs)) {
      history[name] ??= [];
      history[name]?.push(value);
    }
  }
  return { history, epochs: records, statistics, recoveries };
}
