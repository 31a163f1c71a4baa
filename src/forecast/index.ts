/**
 * `sluice/forecast`: what comes next in a series, by a stacked LSTM, and how that compares with forecasts that need
 * none.
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
