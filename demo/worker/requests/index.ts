/**
 * The functions that answer the page's requests. Those that the page needs at startup and for training are bundled with
 * the worker; the others are loaded with their first request.
 */
import type { RequestName } from "../../messages/index.ts";
import type { Handler } from "../context.ts";
import { judge } from "./ask.ts";
import { watchGpu } from "./gpu.ts";
import { openShipped } from "./shipped.ts";
import { findKept, forgetKept, goOn, openKept, pause, readData, resume, train } from "./train.ts";

/** A handler that is loaded with its first request. */
function later<N extends RequestName>(load: () => Promise<Handler<N>>): Handler<N> {
  return async (context, params) => (await load())(context, params);
}

const benches = () => import("./bench.ts");
const forecasts = () => import("./forecast.ts");
const words = () => import("./words.ts");

export const requests: { readonly [N in RequestName]: Handler<N> } = {
  bench: later(async () => (await benches()).bench),
  exportModel: later(async () => (await import("./export.ts")).exportModel),
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
  readCell: later(async () => (await import("./cell.ts")).readCell),
  readData,
  resume,
  series: later(async () => (await forecasts()).series),
  train,
  watchGpu,
  wordMap: later(async () => (await words()).wordMap),
};
