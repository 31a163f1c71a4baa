/** Pauses a training run between two steps. */
export class PauseGate {
  #paused = false;
  readonly #waiting = new Set<() => void>();

  /** Closes the gate. */
  pause(): void {
    this.#paused = true;
  }

  /** Opens the gate. */
  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  /** Resolves once the run is resumed, aborted or disposed. */
  async wait(signal: AbortSignal | undefined, disposal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal?.addEventListener("abort", wake);
    try {
      while (this.#paused && signal?.aborted !== true && !disposal.aborted) {
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      signal?.removeEventListener("abort", wake);
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
