/** Sentence vectors tuned by pairs: on held-out pairs of real sentences the order really improves. */
import { afterAll, describe, expect, test } from "vitest";
import { ShapeError, ValueError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { sentences } from "../../src/data/sentences.ts";
import { modelEmbedder, siamese, similarity, type TextPairs, tunePairs } from "../../src/embed/index.ts";
import {
  adam,
  dense,
  embedding,
  globalAveragePooling1d,
  lstm,
  type Model,
  meanSquaredError,
  type ReviewEncoder,
  sequential,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

const T = 20;

afterAll(async () => (await testDevice()).dispose());

/** Random pairs of sentences: label 1 where both are of one opinion. */
function pairsOf(texts: readonly string[], opinions: ArrayLike<number>, count: number, seed: number): TextPairs {
  const random = new Random(seed);
  const draws = Array.from(
    { length: count },
    () => [random.integer(texts.length), random.integer(texts.length)] as const,
  );
  return {
    first: draws.map(([a]) => texts[a] as string),
    second: draws.map(([, b]) => texts[b] as string),
    labels: draws.map(([a, b]) => Number(opinions[a] === opinions[b])),
  };
}

/** The chance that a pair that belongs together has a larger cosine than one that does not. */
async function orderOf(tower: Model, { first, second, labels }: TextPairs): Promise<number> {
  using embedder = modelEmbedder(tower);
  const [a, b] = [await embedder.embed(first), await embedder.embed(second)];
  const cosines = labels.map((_, index) => similarity("cosine", a.row(index), b.row(index)));
  let [right, all] = [0, 0];
  labels.forEach((label, one) => {
    if (label !== 1) return;
    labels.forEach((other, two) => {
      if (other !== 0) return;
      all++;
      const difference = (cosines[one] as number) - (cosines[two] as number);
      right += difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
    });
  });
  return right / all;
}

async function towerOf(encoder: ReviewEncoder): Promise<Model> {
  const tower = sequential(
    [
      embedding({ inputDim: encoder.inputDim, outputDim: 16, maskZero: true }),
      globalAveragePooling1d(),
      dense({ units: 16 }),
    ],
    { device: await testDevice(), inputShape: [T], seed: 3 },
  );
  tower.encoder = encoder;
  return tower;
}

describe("pairs", () => {
  test.each(["contrastive", "cosine"] as const)("order held-out pairs after training with %s", async (loss) => {
    const { train, test: held, texts, encoder } = await sentences.load({ numWords: 2000, maxLength: T });
    const tower = await towerOf(encoder);
    const heldOut = pairsOf(texts.test, held.y.data, 600, 2);
    const before = await orderOf(tower, heldOut);
    const history = await tunePairs(tower, pairsOf(texts.train, train.y.data, 3000, 1), {
      ...{ loss, epochs: 6, batchSize: 64 },
      optimizer: adam({ learningRate: 0.01 }),
    });
    const after = await orderOf(tower, heldOut);
    const losses = history.history.loss as number[];
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    expect({ before, after: after - before }).toSatisfy(() => after > before + 0.06 && after > 0.62);
  });

  test("both sides share layers and weights, and the output is the cosine of their vectors", async () => {
    const { encoder } = await sentences.load({ numWords: 300, maxLength: T });
    const device = await testDevice();
    const tower = sequential([embedding({ inputDim: encoder.inputDim, outputDim: 4 }), lstm({ units: 3 })], {
      ...{ device, inputShape: [T], seed: 5 },
    });
    tower.encoder = encoder;
    const both = siamese(tower);
    expect(new Set(both.weightVariables)).toEqual(new Set(tower.weightVariables));
    const [a, b] = [encoder.encode(["good food"]), encoder.encode(["a bad phone"])];
    const { shape, data } = await both.predict([a, b]);
    const [x, y] = [await tower.predict(a), await tower.predict(b)];
    expect(shape).toEqual([1, 1]);
    expect(data[0]).toBeCloseTo(similarity("cosine", x.data, y.data), 5);
    both.dispose();
    expect((await tower.predict(a)).data).toEqual(x.data);
  });

  test("what does not fit is refused, and the tower stays as it was", async () => {
    const { encoder } = await sentences.load({ numWords: 300, maxLength: T });
    const device = await testDevice();
    const tower = await towerOf(encoder);
    const before = await tower.weights();
    const pairs = { first: ["a"], second: ["b", "c"], labels: [1] };
    await expect(tunePairs(tower, pairs)).rejects.toThrow(ShapeError);
    await expect(tunePairs(tower, { ...pairs, second: ["b"], labels: [2] })).rejects.toThrow(
      /contrastive: target 0 is 2/,
    );
    await expect(tunePairs(tower, { first: [], second: [], labels: [] })).rejects.toThrow(/there are no pairs/);
    await expect(tunePairs(tower, { ...pairs, second: [null] as never })).rejects.toThrow(/second: text 0 is null/);
    const bare = sequential([dense({ units: 2 })], { device, inputShape: [3] });
    await expect(tunePairs(bare, { ...pairs, second: ["b"] })).rejects.toThrow(/has no encoder/);
    const sequence = sequential([lstm({ units: 2, returnSequences: true })], { device, inputShape: [3, 2] });
    expect(() => siamese(sequence)).toThrow(ValueError);
    expect(await tower.weights()).toEqual(before);
    const own = meanSquaredError();
    await tunePairs(tower, { ...pairs, second: ["b"] }, { loss: own, epochs: 1 });
    expect(await tower.weights()).not.toEqual(before);
  });
});
