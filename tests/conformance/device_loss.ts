/**
 * The GPUDevice is destroyed in the middle of a work: the work goes on by itself, and ends with the bits of one that
 * was never disturbed.
 */
import { kMeans, modelEmbedder, trainWordVectors, VectorIndex } from "../../src/embed/index.ts";
import { type Device, type DeviceLostError, Random, ReviewEncoder, requestDevice, Tokenizer } from "../../src/index.ts";
import { smallData, smallModel, weightBits } from "../nn/small_model.ts";
import type { ConformanceCase } from "./case.ts";
import { drawVectors } from "./vector_index.ts";
import { watchSubmits } from "./watch_submits.ts";

/** Something to do on a device of its own, and what came of it, exactly. */
interface Work {
  readonly name: string;
  readonly run: (device: Device) => Promise<unknown>;
}

const data = smallData(22);

/** A pass over the data in batches of 8, which a function makes anew for each. */
function* batches() {
  for (let from = 0; from < data.x.length; from += 8) {
    yield { x: data.x.slice(from, from + 8), y: data.y.slice(from, from + 8) };
  }
}

const fit: Work = {
  name: "fit",
  run: async (device) => {
    using model = smallModel(device);
    const { history } = await model.fit(data, {
      epochs: 3,
      batchSize: 8,
      validationSplit: 0.25,
      snapshotSeconds: 0.01,
    });
    return [history, await weightBits(model)];
  },
};

const fitStream: Work = {
  name: "fit on a stream",
  run: async (device) => {
    using model = smallModel(device);
    const { history } = await model.fit(batches, { epochs: 3, snapshotSeconds: 0.01 });
    return [history, await weightBits(model)];
  },
};

const ask: Work = {
  name: "predict and evaluate",
  run: async (device) => {
    using model = smallModel(device);
    const { data: outputs } = await model.predict(data.x, { batchSize: 4 });
    return [[...outputs], await model.evaluate(data, { batchSize: 4 })];
  },
};

const words = (snapshots: string, snapshotSeconds: number): Work => ({
  name: `trainWordVectors, a snapshot each ${snapshots}`,
  run: async (device) => {
    const random = new Random(21);
    const texts = Array.from({ length: 60 }, () => Array.from({ length: 9 }, () => `w${random.integer(15)}`).join(" "));
    const options = { device, minCount: 1, sample: 0, vectorSize: 8, batchSize: 64, seed: 3, snapshotSeconds };
    return [...(await trainWordVectors(texts, options)).data];
  },
});
const wordsByEpoch = words("epoch", 1e9);
const wordsByStep = words("step", 0);

const index: Work = {
  name: "VectorIndex",
  run: async (device) => {
    const dimension = 8;
    const random = new Random(5);
    const vectors = drawVectors(random, 300, dimension);
    using built = new VectorIndex(device, { dimension, storage: "int8", maxBufferBytes: 128 * 256 });
    await built.add([...Array(100).keys()], vectors.subarray(0, 100 * dimension));
    const first = await built.search(vectors.subarray(0, 3 * dimension), { k: 5 });
    await built.add(
      [...Array(200).keys()].map((row) => row + 100),
      vectors.subarray(100 * dimension),
    );
    await built.update(7, vectors.subarray(9 * dimension, 10 * dimension));
    await built.remove([3, 150]);
    return [first, await built.search(vectors.subarray(0, 3 * dimension), { k: 5 })];
  },
};

const clusters: Work = {
  name: "kMeans",
  run: async (device) => {
    const vectors = drawVectors(new Random(6), 200, 5);
    const { centroids, assignments, iterations } = await kMeans(device, vectors, { dimension: 5, k: 6, seed: 2 });
    return [[...centroids], [...assignments], iterations];
  },
};

const embedTexts: Work = {
  name: "modelEmbedder",
  run: async (device) => {
    using model = smallModel(device);
    const tokenizer = new Tokenizer();
    tokenizer.fitOnTexts(["a b c d e f"]);
    model.encoder = new ReviewEncoder(tokenizer, { maxLength: 6 });
    using embedder = modelEmbedder(model);
    return [
      [...(await embedder.embed(["a c", "f"])).data],
      [...(await embedder.embed(["e"], { pooling: "mean" })).data],
    ];
  },
};

/** A loss is told within so long. */
const LOSS_TOLD_MS = 5000;

/** When within a submit the device goes: before it, once it is handed over, or when its result is asked for. */
const MOMENTS = ["before", "after", "at the map after"] as const;
type Moment = (typeof MOMENTS)[number];

/** Destroys the captured GPUDevice around its submit of this number, from 1 on. */
function destroyAt(device: Device, submit: number, moment: Moment): void {
  const { gpu } = device;
  let count = 0;
  watchSubmits(
    device,
    () => {
      count++;
      if (count === submit && moment === "before") gpu.destroy();
    },
    () => {
      if (count !== submit || moment === "before") return;
      // A map that follows the submit is pending a turn later.
      if (moment === "after") gpu.destroy();
      else setTimeout(() => gpu.destroy(), 0);
    },
  );
}

interface Undisturbed {
  readonly bits: string;
  readonly submits: number;
}

const known = new Map<Work, Promise<Undisturbed>>();

function undisturbed(work: Work, device: Device): Promise<Undisturbed> {
  const run = async (): Promise<Undisturbed> => {
    let submits = 0;
    const end = watchSubmits(device, () => submits++);
    try {
      return { bits: JSON.stringify(await work.run(device)), submits };
    } finally {
      end();
    }
  };
  const wanted = known.get(work) ?? run();
  known.set(work, wanted);
  return wanted;
}

/** Runs the work and destroys its device at the submit that `share` of all lie before. */
async function runWithLoss(shared: Device, work: Work, share: number, moment: Moment): Promise<void> {
  const wanted = await undisturbed(work, shared);
  const at = 1 + Math.floor(share * wanted.submits);
  const told: DeviceLostError[] = [];
  using device = await requestDevice({ onDeviceLost: (error) => void told.push(error) });
  const { lost } = device;
  destroyAt(device, at, moment);
  const bits = JSON.stringify(await work.run(device));
  const place = `${work.name}, destroyed ${moment} submit ${at} of ${wanted.submits}`;
  if (bits !== wanted.bits) throw new Error(`${place}: ended with ${bits}; expected ${wanted.bits}`);
  // A loss that comes with the last submits is told when the work is already done.
  await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, LOSS_TOLD_MS))]);
  await device.reopened();
  const reasons = told.map(({ reason }) => reason).join();
  if (reasons !== "destroyed") throw new Error(`${place}: onDeviceLost was told of "${reasons}"; expected one loss`);
  if (device.generation !== 1) throw new Error(`${place}: the device is in generation ${device.generation}`);
  device.dispose();
  const { bytes, buffers } = device.memory;
  if (bytes !== 0 || buffers !== 0) throw new Error(`${place}: ${buffers} buffers of ${bytes} bytes are left`);
}

/** `count` losses of each work, at places that are spread over it by a seed. */
function lossCases(works: readonly Work[], count: number, seed: number): readonly ConformanceCase[] {
  return works.flatMap((work, stream) => {
    const random = new Random(seed, stream);
    return Array.from({ length: count }, (_, number): ConformanceCase => {
      // One in each of as many equal parts of the work, so that first and last steps are met.
      const share = (number + random.uniform()) / count;
      const moment = MOMENTS[random.integer(MOMENTS.length)] as Moment;
      const name = `device loss: ${work.name}, ${number + 1} of ${count}, destroyed ${moment} a submit`;
      return { name, run: (device) => runWithLoss(device, work, share, moment) };
    });
  });
}

const others = [fitStream, ask, wordsByStep, clusters, embedTexts];

/** One of each kind, for CI in every runtime. */
export const deviceLossCases: readonly ConformanceCase[] = lossCases([fit, wordsByEpoch, index], 1, 1);

/** One of each other work: what goes on by itself does so by the same means, so that CI tries these in Node alone. */
export const otherLossCases: readonly ConformanceCase[] = lossCases(others, 1, 2);

/** A hundred of a training, and some of everything else. */
export const manyDeviceLossCases: readonly ConformanceCase[] = [
  ...lossCases([fit], 100, 3),
  ...lossCases([wordsByEpoch, index, ...others], 15, 4),
];
