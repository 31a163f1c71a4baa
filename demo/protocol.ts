/** What page and worker say to each other. The worker owns the GPU and the data; the page owns what is seen. */

/** How to train; all of it can stand in the page's address: `?epochs=4&limit=400`. */
export interface Settings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly units: number;
  readonly embedding: number;
  readonly learningRate: number;
  readonly seed: number;
  /** At most so many sentences to train on; 0 for all. */
  readonly limit: number;
}

export type ToWorker =
  | { readonly kind: "open"; readonly settings: Settings }
  | { readonly kind: "train"; readonly settings: Settings }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "stop" }
  | { readonly kind: "judge"; readonly text: string };

/** Loss and accuracy at one step, counted from the start of the training. */
export interface Point {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** A word of the visitor's text as the model reads it. */
export interface JudgedWord {
  readonly word: string;
  /** Gradient × input: how far it pushed the verdict, up to praise or down to blame. Nothing for a word that it never reads. */
  readonly push: number | undefined;
  /** Too rare to have a vector of its own. */
  readonly isRare: boolean;
}

/** What kind of failure it was: a minified build keeps no names of classes, so these cross instead. */
export type FailureCause = "noWebGpu" | "noGpu" | "gpuLost" | "notFinite" | "other";

export type FromWorker =
  | {
      readonly kind: "opened";
      readonly adapter: string;
      readonly summary: string;
      readonly sentences: { readonly train: number; readonly test: number };
      readonly attribution: string;
      readonly examples: readonly string[];
    }
  | { readonly kind: "started"; readonly summary: string; readonly sentences: number }
  | {
      readonly kind: "progress";
      readonly epoch: number;
      readonly epochs: number;
      readonly step: number;
      readonly steps: number;
      readonly perSecond: number;
      readonly secondsLeft: number;
      /** Means since the last point; nothing when no new reading is there. */
      readonly point?: Point;
      /** On held-out sentences, when an epoch has ended. */
      readonly heldOut?: Point;
    }
  | { readonly kind: "done"; readonly loss: number; readonly accuracy: number; readonly seconds: number }
  | { readonly kind: "stopped" }
  | {
      readonly kind: "verdict";
      readonly text: string;
      readonly probability: number;
      readonly words: readonly JudgedWord[];
    }
  | {
      readonly kind: "failed";
      readonly during: "open" | "train" | "judge";
      readonly cause: FailureCause;
      readonly message: string;
    };
