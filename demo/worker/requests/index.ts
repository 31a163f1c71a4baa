/**
 * Every request that the page can make, by name. To add one, write a function of the type `Handler` in a file of this
 * folder and name it here; `ask("name", params)` then knows its parameters, its events and its result.
 */
import { judge } from "./ask.ts";
import { fade, readCell, trainRivals } from "./cell.ts";
import { exportModel } from "./export.ts";
import { forecast, seriesColumns } from "./forecast.ts";
import { watchGpu } from "./gpu.ts";
import { hardest } from "./hardest.ts";
import { openShipped } from "./shipped.ts";
import { findKept, forgetKept, goOn, openKept, pause, readData, resume, train } from "./train.ts";
import { nearWords, wordMap } from "./words.ts";

export const requests = {
  exportModel,
  fade,
  findKept,
  forecast,
  forgetKept,
  goOn,
  hardest,
  judge,
  nearWords,
  openKept,
  openShipped,
  pause,
  readCell,
  readData,
  resume,
  seriesColumns,
  train,
  trainRivals,
  watchGpu,
  wordMap,
} as const;

export type Requests = typeof requests;
