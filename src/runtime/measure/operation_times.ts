/** Summarizes a profile: the time of each kind of operation. */
import { listOf, nonNegative, readValue, recordOf, required, text } from "../../core/option_table.ts";
import type { DispatchTime } from "../run/program.ts";

const dispatchTime = recordOf("operationTimes: a dispatch", {
  operation: required(text),
  seconds: required(nonNegative),
});

/** The time of all dispatches of one kind of operation. */
export interface OperationTime {
  readonly operation: string;
  readonly dispatches: number;
  readonly seconds: number;
  /** The share of the time of all dispatches. */
  readonly share: number;
}

/**
 * Sums a profile by operation, the longest first.
 * @example
 * for (const { operation, share } of operationTimes(await program.profile())) console.log(operation, share);
 */
export function operationTimes(times: readonly DispatchTime[]): OperationTime[] {
  readValue("operationTimes", "times", listOf(dispatchTime), times);
  const all = times.reduce((sum, { seconds }) => sum + seconds, 0);
  const sums = new Map<string, { dispatches: number; seconds: number }>();
  for (const { operation, seconds } of times) {
    const sum = sums.get(operation) ?? { dispatches: 0, seconds: 0 };
    sums.set(operation, { dispatches: sum.dispatches + 1, seconds: sum.seconds + seconds });
  }
  return [...sums]
    .map(([operation, sum]) => ({ operation, ...sum, share: all === 0 ? 0 : sum.seconds / all }))
    .sort((a, b) => b.seconds - a.seconds);
}
