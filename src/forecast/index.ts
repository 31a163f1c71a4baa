/**
 * `sluice/forecast`: forecasts a time series with a stacked LSTM, and compares it with baselines that need no network.
 * @module sluice/forecast
 */
export {
  type ForecastData,
  forecastData,
  forecastHeldOut,
  forecastModel,
  type HeldOutForecasts,
  type NetworkPlan,
  type WindowPlan,
} from "./forecast_network.ts";
export { AVERAGED, besideSimple, type Forecasts, type Scores, score, shareOfRises } from "./forecast_scores.ts";
