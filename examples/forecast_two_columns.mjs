/** Forecasts temperature and daylight of the next three days: `node examples/forecast_two_columns.mjs`. */
import "sluice/node";
import {
  adam,
  chronologicalSplit,
  dense,
  lstm,
  requestDevice,
  reshape,
  sequential,
  standardScaler,
  windows,
} from "sluice";

const days = Array.from({ length: 800 }, (_, day) => {
  const year = (2 * Math.PI * day) / 365;
  return [10 - 9 * Math.cos(year - 0.4) + 2 * Math.sin(1.7 * day), 12 - 4 * Math.cos(year)];
});
const [length, horizon, target] = [14, 3, [0, 1]];
const { train, test } = chronologicalSplit(days, { testFraction: 0.2, context: length });
const scaler = standardScaler().fit(train);
const trainWindows = windows(scaler.transform(train), { length, horizon, target });
const testWindows = windows(scaler.transform(test), { length, horizon, target });

const device = await requestDevice();
const layers = [lstm({ units: 24 }), dense({ units: horizon * 2 }), reshape({ targetShape: [horizon, 2] })];
const model = sequential(layers, { device, inputShape: [length, 2], seed: 1 });
model.compile({ optimizer: adam({ learningRate: 0.01 }), loss: "meanSquaredError", metrics: ["meanAbsoluteError"] });
await model.fit(trainWindows, { epochs: 8, batchSize: 32 });
const { meanAbsoluteError } = await model.evaluate(testWindows);
console.log(`error: ${meanAbsoluteError.toFixed(2)} standard deviations`);

const { data } = scaler.inverseTransform(await model.predict(testWindows.x));
const [temperature, daylight] = data.slice(-horizon * 2);
console.log(`first forecast of the last window: ${temperature.toFixed(1)} °C, ${daylight.toFixed(1)} h of light`);
process.exit();
