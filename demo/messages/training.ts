/** Messages about training runs: data, settings, progress, checkpoints. */
import type { Failure } from "./failure.ts";

/** The training data: the embedded sentences, the archive of film reviews, or the visitor's own table. */
export type DataName = "sentences" | "imdb" | "table";

/** The hyperparameters of a training run. */
export interface Numbers {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly units: number;
  readonly embedding: number;
  readonly dropout: number;
  readonly numWords: number;
  readonly maxLength: number;
  readonly seed: number;
  /** The most texts to train on; 0 for all. */
  readonly limit: number;
}

export interface Settings extends Numbers {
  readonly data: DataName;
}

/** The data and settings of a training run. */
export interface DataParams {
  readonly settings: Settings;
  /** The visitor's file, unless the data is embedded. */
  readonly file: File | undefined;
}

/** The progress of reading the data's file. */
export interface Loading {
  readonly bytes: number;
  readonly totalBytes: number | undefined;
}

/** The data, once it has been read. */
export interface DataInfo {
  readonly train: number;
  readonly test: number;
  readonly attribution: string;
}

/** Loss and accuracy at one step, counted from the start of the training run. */
export interface Point {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** All points so far. */
export interface Curves {
  /** Means since the previous point; if that interval is short, means over the last two intervals. */
  readonly training: readonly Point[];
  /** After each epoch, on the held-out texts. */
  readonly heldOut: readonly Point[];
}

/** The progress of a training run. */
export interface StepEvent {
  readonly kind: "step";
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly perSecond: number;
  readonly secondsLeft: number;
  readonly gpuBytes: number;
  /** Absent when there are no new metrics. */
  readonly point: Point | undefined;
}

/** An epoch that has ended, with its means and the metrics on the held-out texts. */
export interface EpochEvent {
  readonly kind: "epoch";
  readonly epoch: number;
  readonly seconds: number;
  readonly training: Point;
  readonly heldOut: Point;
}

export type LoadingEvent = { readonly kind: "loading" } & Loading;

export type TrainingEvent =
  | StepEvent
  | EpochEvent
  | { readonly kind: "summary"; readonly summary: string }
  /** The browser's storage now holds a checkpoint of this step. */
  | { readonly kind: "kept"; readonly step: number }
  /** The checkpoint could not be saved; training continues. */
  | { readonly kind: "notKept"; readonly failure: Failure }
  /** The device was lost; training continues from this step. */
  | { readonly kind: "recovering"; readonly step: number };

export type TrainEvent = LoadingEvent | ({ readonly kind: "data" } & DataInfo) | TrainingEvent;

export interface TrainingResult {
  readonly loss: number;
  readonly accuracy: number;
  /**
   * The hash of all weights in order. One seed gives one hash on one adapter, however often the run was interrupted.
   */
  readonly weightsSha256: string;
}

/** The data that the page stores with a checkpoint, so that it can resume the training run. */
export interface Run {
  readonly settings: Settings;
  /** The visitor's file, unless the data is embedded. */
  readonly file: { readonly name: string; readonly bytes: number } | undefined;
  readonly curves: Curves;
  readonly step: number;
  readonly steps: number;
  readonly isDone: boolean;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

/** A saved training run that can be resumed. */
export interface KeptTraining {
  readonly place: string;
  readonly run: Run;
  /** False if the visitor has to choose the file again. */
  readonly hasFile: boolean;
}

export interface GoOnParams {
  readonly place: string;
  /** The visitor's file, unless the browser stored a copy of it. */
  readonly file: File | undefined;
}
