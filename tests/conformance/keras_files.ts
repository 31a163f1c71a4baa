/** Models that Keras itself saved: loaded, they predict and print as they did there; written and loaded again, too. */
import { loadKeras, loadKerasWeights, toKeras, toKerasWeights } from "../../src/convert/index.ts";
import type { Device, Model, NdArray } from "../../src/index.ts";
import fixtures from "../fixtures/keras_files/files.json" with { type: "json" };
import { expectClose } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { type KerasArray, VALUES } from "./keras_case.ts";

interface KerasFile {
  readonly name: string;
  readonly inputs: readonly KerasArray[];
  readonly predictions: KerasArray;
  readonly summary: string;
}

const WANTED = ["sentiment", "forecast", "cnn_lstm", "functional_bidirectional"];

const fileOf = (name: string): URL => new URL(`../fixtures/keras_files/${name}`, import.meta.url);

async function expectPredictions(model: Model, { name, inputs, predictions }: KerasFile, what: string): Promise<void> {
  const [{ shape, data }] = inputs as [KerasArray];
  const came: NdArray = await model.predict({ shape, data: Float32Array.from(data) });
  expectClose(`${name}: predictions ${what}`, came, predictions, VALUES);
}

function expectSummary(model: Model, { summary }: KerasFile): void {
  const [came, wanted] = [model.summary(), summary].map((text) => text.trimEnd());
  if (came !== wanted) throw new Error(`expected the summary\n${wanted}\ngot\n${came}`);
}

async function compareFile(device: Device, fixture: KerasFile): Promise<void> {
  const { name } = fixture;
  const model = await loadKeras(fileOf(`${name}.keras`), { device });
  const again = await loadKeras(await toKeras(model), { device });
  try {
    expectSummary(model, fixture);
    await expectPredictions(model, fixture, "as loaded");
    expectSummary(again, fixture);
    await expectPredictions(again, fixture, "written and loaded again");
    await model.setWeights((await model.weights()).map(({ shape, data }) => ({ shape, data: data.map(() => 0) })));
    await loadKerasWeights(model, fileOf(`${name}.weights.h5`));
    await expectPredictions(model, fixture, "with the weights file");
    await loadKerasWeights(model, await toKerasWeights(again));
    await expectPredictions(model, fixture, "with a weights file of Sluice's");
  } finally {
    model.dispose();
    again.dispose();
  }
}

/** One case for each file. */
export const kerasFileCases: readonly ConformanceCase[] = (fixtures as readonly KerasFile[])
  .filter(({ name }) => WANTED.includes(name))
  .map((fixture) => ({ name: `keras file: ${fixture.name}`, run: (device) => compareFile(device, fixture) }));
