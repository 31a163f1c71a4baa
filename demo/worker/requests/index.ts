/**
 * Every request that the page can make, by name. To add one, write a function of the type `Handler` in a file of this
 * folder and name it here; `ask("name", params)` then knows its parameters, its events and its result.
 *
 * What the page opens and trains with comes with the worker; the rest is loaded when it is first asked for.
 */
import { judge } from "./ask.ts";
import { watchGpu } from "./gpu.ts";
import { openShipped } from "./shipped.ts";
import { findKept, forgetKept, goOn, openKept, pause, readData, resume, train } from "./train.ts";

/** A request whose function is loaded when it is first asked for. */
function later<Context, Params, Result>(
  load: () => Promise<(context: Context, params: Params) => Promise<Result>>,
): (context: Context, params: Params) => Promise<Result> {
  return async (context, params) => (await load())(context, params);
}

const benches = () => import("./bench.ts");
const cell = () => import("./cell.ts");
const forecasts = () => import("./forecast.ts");
const words = () => import("./words.ts");

export const requests = {
  bench: later(async () => (await benches()).bench),
  exportModel: later(async () => (await import("./export.ts")).exportModel),
  fade: later(async () => (await cell()).fade),
  findKept,
  forecast: later(async () => (await forecasts()).forecast),
  forgetKept,
  goOn,
  importModel: later(async () => (await import("./import.ts")).importModel),
  hardest: later(async () => (await import("./hardest.ts")).hardest),
  judge,
  nearWords: later(async () => (await words()).nearWords),
  openKept,
  openShipped,
  pause,
  profileStep: later(async () => (await benches()).profileStep),
  readCell: later(async () => (await cell()).readCell),
  readData,
  resume,
  series: later(async () => (await forecasts()).series),
  train,
  trainRivals: later(async () => (await cell()).trainRivals),
  watchGpu,
  wordMap: later(async () => (await words()).wordMap),
} as const;

export type Requests = typeof requests;
