/** Models of one process that save into one directory at the same time. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dense, loadModel, type Model, sequential } from "../../../src/index.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { testDevice } from "../../support/device.ts";
import { ROUNDS, runRounds } from "./rounds.ts";

let device: Device;
let folder: string;
beforeAll(async () => {
  device = await testDevice();
  folder = await mkdtemp(join(tmpdir(), "sluice-models-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A model of 6 weights; all are the value that it is given. */
function modelOf(): { readonly model: Model; give(value: number): Promise<void> } {
  const model = sequential([dense({ units: 2 })], { device, inputShape: [2] });
  const give = (value: number) =>
    model.setWeights([
      { shape: [2, 2], data: new Float32Array(4).fill(value) },
      { shape: [2], data: new Float32Array(2).fill(value) },
    ]);
  return { model, give };
}

/** The value of the model in a directory. */
async function loadValue(directory: string): Promise<number> {
  const model = await loadModel(directory, { device });
  const values = new Set((await model.weights()).flatMap(({ data }) => [...data]));
  model.dispose();
  const [value] = values;
  if (value === undefined || values.size !== 1) throw new Error(`half a save: ${[...values]}`);
  return value;
}

const timeout = 60_000 + 500 * ROUNDS;

// Two spellings of a directory are two queues: there the files alone keep the saves apart.
test.each(["the same spelling", "two spellings"])(
  `${ROUNDS} rounds of two models that save at once leave a save each: %s of the directory`,
  { timeout },
  async (spelling) => {
    const directory = join(folder, `two ${spelling}`);
    const [first, second] = [modelOf(), modelOf()];
    const other = spelling === "two spellings" ? `${folder}/./two ${spelling}` : directory;
    const problems = await runRounds({
      what: `saves of two models at once, ${spelling} of the directory`,
      save: async (one, two) => {
        await Promise.all([first.give(one), second.give(two)]);
        return Promise.all([first.model.save(directory), second.model.save(other)]);
      },
      load: () => loadValue(directory),
    });
    expect(problems).toEqual([]);
    if (other === directory) expect((await readdir(directory)).length).toBe(2);
  },
);

test(`${ROUNDS} rounds of a model whose saves are not awaited leave the last`, { timeout }, async () => {
  const directory = join(folder, "not awaited");
  const { model, give } = modelOf();
  const last: number[] = [];
  const problems = await runRounds({
    what: "saves of a model that are not awaited",
    save: async (one, two) => {
      await give(one);
      const saving = [model.save(directory, { predictor: true })];
      await give(two);
      saving.push(model.save(directory));
      await Promise.all(saving);
      last.push((await loadValue(directory)) - two);
    },
    load: () => loadValue(directory),
  });
  expect(problems).toEqual([]);
  expect(new Set(last), "the save that was asked for last is what stays").toEqual(new Set([0]));
  expect((await readdir(directory)).length, "nothing stale is left").toBe(2);
});
