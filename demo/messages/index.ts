/**
 * The messages between the page and its worker, as types. The files of this folder import no other module of the
 * page, so that both sides can import them. The page sends requests (`worker_client.ts`) and the worker answers them
 * (`worker/main.ts`): a request has an id, can be aborted, may send events before its result, and may transfer buffers
 * instead of copying them.
 *
 * To add a request, add an entry to `Requests` and a function to `worker/requests/`; `worker/requests/index.ts` does
 * not compile until it names that function.
 */
import type { BenchJobEvent, BenchReport } from "sluice/bench";
import type { BenchParams, Profile } from "./bench.ts";
import type { CellParams, CellReading } from "./cell.ts";
import type { Failure } from "./failure.ts";
import type { ForecastEvent, ForecastParams, ForecastResult, SeriesParams, SeriesView } from "./forecast.ts";
import type { ExportParams, ExportResult, Hardest, JudgeParams, Verdict, Which } from "./models.ts";
import type {
  DataInfo,
  DataParams,
  GoOnParams,
  KeptTraining,
  LoadingEvent,
  TrainEvent,
  TrainingResult,
} from "./training.ts";
import type { NearParams, NearWord, WordsParams, WordsResult } from "./words.ts";

/** A request's parameters, its result and, where it sends any, its events. */
interface Request<Params, Result, Event = never> {
  readonly params: Params;
  readonly result: Result;
  readonly event: Event;
}

type NoParams = Readonly<Record<string, never>>;

/** Every request that the page can send, by name. */
export interface Requests {
  readonly bench: Request<BenchParams, BenchReport, BenchJobEvent>;
  readonly exportModel: Request<ExportParams, ExportResult>;
  readonly findKept: Request<NoParams, KeptTraining | undefined>;
  readonly forecast: Request<ForecastParams, ForecastResult, ForecastEvent>;
  readonly forgetKept: Request<{ readonly place: string }, void>;
  readonly goOn: Request<GoOnParams, TrainingResult, TrainEvent>;
  readonly hardest: Request<{ readonly which: Which }, Hardest>;
  readonly importModel: Request<{ readonly file: File }, void>;
  readonly judge: Request<JudgeParams, Verdict>;
  readonly nearWords: Request<NearParams, readonly NearWord[]>;
  readonly openKept: Request<{ readonly place: string }, void>;
  readonly openShipped: Request<{ readonly folder: string }, void>;
  readonly pause: Request<NoParams, void>;
  readonly profileStep: Request<NoParams, Profile>;
  readonly readCell: Request<CellParams, CellReading>;
  readonly readData: Request<DataParams, DataInfo, LoadingEvent>;
  readonly resume: Request<NoParams, void>;
  readonly series: Request<SeriesParams, SeriesView>;
  readonly train: Request<DataParams, TrainingResult, TrainEvent>;
  readonly watchGpu: Request<NoParams, void, GpuEvent>;
  readonly wordMap: Request<WordsParams, WordsResult>;
}

export type RequestName = keyof Requests;
export type ParamsOf<N extends RequestName> = Requests[N]["params"];
export type ResultOf<N extends RequestName> = Requests[N]["result"];
export type EventOf<N extends RequestName> = Requests[N]["event"];

export interface Ask<N extends RequestName> {
  readonly kind: "ask";
  readonly id: number;
  readonly name: N;
  readonly params: ParamsOf<N>;
}

export type ToWorker = Ask<RequestName> | { readonly kind: "abort"; readonly id: number } | { readonly kind: "ping" };

export type FromWorker =
  /** The name of the Web Lock that the worker holds for as long as it lives. */
  | { readonly kind: "holds"; readonly lock: string }
  | { readonly kind: "alive" }
  | { readonly kind: "event"; readonly id: number; readonly event: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly failure: Failure };

export type GpuEvent =
  | { readonly kind: "ready"; readonly adapter: string }
  | { readonly kind: "lost"; readonly message: string };
