/** Losses, metrics and optimizers by a name whose code is loaded when the model is first used. */
import { afterAll, expect, test } from "vitest";
import { type CompileOptions, dense, type Model, sequential } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

afterAll(async () => (await testDevice()).dispose());

const compiled = async (options: CompileOptions) => {
  const model = sequential([dense({ units: 1, activation: "sigmoid" })], {
    device: await testDevice(),
    inputShape: [2],
    seed: 1,
  });
  model.compile(options);
  return model;
};
const [x, y] = [
  [
    [0, 1],
    [1, 0],
  ],
  [[0], [1]],
];

// The first test of this file: the code of another optimizer must not be loaded yet.
test("a wrong option is reported where the model is first used, and another compile heals it", async () => {
  using model = await compiled({ optimizer: { name: "lion", beta3: 1 }, loss: "mse" });
  await expect(model.fit(x, y)).rejects.toThrow(/lion: unknown option "beta3"/);
  await expect(model.toFiles()).rejects.toThrow(/lion: unknown option "beta3"/);
  model.compile({ optimizer: "lion", loss: "mse" });
  model.compile({ optimizer: "sgd", loss: "mse" }); // the last one counts, though the one before takes longer
  expect((await model.fit(x, y)).history.loss).toHaveLength(1);
  expect(model.compiled?.optimizer.config.name).toBe("sgd");
});

test("fit, evaluate, trainOnBatch, memory and save wait for them", async () => {
  const options = { optimizer: "lion", loss: "huber", metrics: ["auc", "precision"] } as const;
  using trained = await compiled(options);
  const { history } = await trained.fit(x, y);
  expect(Object.keys(history)).toEqual(["loss", "auc", "precision"]);
  for (const work of [
    (model: Model) => model.evaluate(x, y),
    (model: Model) => model.trainOnBatch(x, y),
    (model: Model) => model.memory(),
    (model: Model) => model.toFiles(),
  ]) {
    using model = await compiled(options);
    expect(await work(model)).toBeTruthy();
  }
});

test("an unknown name is reported at once, with all known ones", async () => {
  await expect(compiled({ optimizer: "lionn", loss: "mse" })).rejects.toThrow(/expected one of sgd, .*lion, ftrl/);
  await expect(compiled({ loss: "hubr" })).rejects.toThrow(/unknown loss "hubr"; expected one of .*huber/);
});
