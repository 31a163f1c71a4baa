/** A callback of `fit` that pauses training between two steps, and saves checkpoints. */
import type { Callback, Training } from "sluice";

/** The interval between checkpoints. */
const CHECKPOINT_MILLISECONDS = 10_000;

/** Pauses training, and saves a checkpoint every ten seconds, after each epoch, and at a pause. */
export class Steering {
  readonly #keep: (training: Training) => Promise<void>;
  readonly #signal: AbortSignal;
  #isPaused = false;
  #wake: () => void = () => undefined;
  #kept = performance.now();

  /** @param keep saves a checkpoint; called between two steps */
  constructor(signal: AbortSignal, keep: (training: Training) => Promise<void>) {
    this.#signal = signal;
    this.#keep = keep;
    signal.addEventListener("abort", () => this.#wake());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  /** For `fit`. */
  get callback(): Callback {
    return {
      name: "page",
      onTrainBegin: () => {
        this.#kept = performance.now();
      },
      onBatchEnd: (_batch, _logs, training) => this.#between(training, false),
      onEpochSettled: (_epoch, _logs, training) => this.#between(training, true),
    };
  }

  async #between(training: Training, isEpochDone: boolean): Promise<void> {
    const isDue = isEpochDone || performance.now() - this.#kept >= CHECKPOINT_MILLISECONDS;
    if (isDue || this.#isPaused) {
      await this.#keep(training);
      this.#kept = performance.now();
    }
    while (this.#isPaused && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
