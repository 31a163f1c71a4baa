/** How a training run is steered from outside. */
import { AbortError, DisposedError } from "../../core/errors.ts";
import type { Variable } from "../../graph/operation.ts";
import type { CallbackList } from "../callbacks/callback_list.ts";
import type { Progress } from "./progress.ts";

/** What steers a run, and what it reports to. */
export interface RunControl {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void | Promise<void>) | undefined;
  /** Resolves at once unless the run is paused. */
  readonly whileResumed: () => Promise<void>;
  readonly isDisposed: () => boolean;
  readonly callbacks: CallbackList;
  /** What callbacks may do with the model. */
  readonly model: {
    readonly weights: readonly Variable[];
    save(directory: string): Promise<void>;
    toFiles(): Promise<ReadonlyMap<string, Uint8Array>>;
  };
}

/** @throws DisposedError or AbortError when the run is to end before its next step. */
export function stopIfAsked({ signal, isDisposed }: Pick<RunControl, "signal" | "isDisposed">, what: string): void {
  if (isDisposed()) throw new DisposedError(`${what}: the model was disposed meanwhile; it stopped at a whole step`);
  if (signal?.aborted === true) {
    throw new AbortError(`${what}: stopped by its AbortSignal, at a whole step`, { reason: signal.reason });
  }
}
