/** Holds a training back between two steps, and keeps it there: a callback of `fit`. */
import type { Callback, Training } from "sluice";

/** A checkpoint is due after so long. */
const CHECKPOINT_MILLISECONDS = 10_000;

/** Pauses a training, and has it kept: every ten seconds, after each epoch, and when it is paused. */
export class Steering {
  readonly #keep: (training: Training) => Promise<void>;
  readonly #signal: AbortSignal;
  #isPaused = false;
  #wake: () => void = () => undefined;
  #kept = performance.now();

  /** @param keep saves the training as it stands; called between two steps */
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
