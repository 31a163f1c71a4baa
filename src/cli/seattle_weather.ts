/** The default series of `sluice forecast`; the build bundles it. */
import csv from "../../data/seattle_weather/seattle-weather.csv?raw" with { type: "text" };

/** The weather in Seattle, 2012-01-01 to 2015-12-31: date, precipitation, temp_max, temp_min, wind, weather. */
export const seattleWeather = {
  csv,
  name: "seattle-weather.csv",
  column: "temp_max",
  title: "Seattle, the day's highest temperature in °C",
  attribution: "Daily weather in Seattle from NOAA, in the public domain, from the npm package vega-datasets 3.2.1.",
} as const;
