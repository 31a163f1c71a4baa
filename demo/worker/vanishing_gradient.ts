/** Demonstrates the vanishing gradient with three small networks that differ only in their recurrent layer. */
import {
  adam,
  type Device,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  type Model,
  type Progress,
  type ReviewEncoder,
  sequential,
  simpleRnn,
} from "sluice";
import type { SentencesData } from "sluice/sentences";
import type { CellKind, Fading, Fadings, RivalProgress, RivalScores } from "../messages/cell.ts";

/** The most words of a passage. */
export const MOST_WORDS = 100;
/** The size of each network: small, because three are trained while the visitor waits. */
export const SIZE = { units: 32, embedding: 16, numWords: 2000, epochs: 3, batchSize: 32, seed: 7 } as const;

/** In the order of the figure; the layer that forgets soonest is first. */
export const RIVALS = ["simpleRnn", "gru", "lstm"] as const satisfies readonly CellKind[];

const LAYERS: Readonly<Record<CellKind, () => Layer>> = {
  simpleRnn: () => simpleRnn({ units: SIZE.units }),
  gru: () => gru({ units: SIZE.units }),
  lstm: () => lstm({ units: SIZE.units }),
};

/** The three networks on a device, untrained and, after `train`, trained. */
export class Rivals {
  readonly device: Device;
  readonly #data: SentencesData;
  readonly #untrained: ReadonlyMap<CellKind, Model>;
  #trained: ReadonlyMap<CellKind, Model> | undefined;

  private constructor(device: Device, data: SentencesData) {
    this.device = device;
    this.#data = data;
    this.#untrained = makeRivals(device, data.encoder);
  }

  /** Creates the untrained networks. */
  static async on(device: Device): Promise<Rivals> {
    const { sentences } = await import("sluice/sentences");
    return new Rivals(device, await sentences.load({ numWords: SIZE.numWords, maxLength: MOST_WORDS }));
  }

  get areTrained(): boolean {
    return this.#trained !== undefined;
  }

  /**
   * The gradients over the last `length` words of a passage: the text, preceded by as many held-out sentences as
   * needed. Before training, "trained" means the untrained networks.
   */
  async fade(text: string, length: number, which: "untrained" | "trained"): Promise<Fadings> {
    const { encoder } = this.#data;
    const words = passage(this.#data, text, Math.min(length, MOST_WORDS));
    const models = which === "trained" ? (this.#trained ?? this.#untrained) : this.#untrained;
    const x = encoder.encode([words.join(" ")]);
    const curves: Fading[] = [];
    for (const kind of RIVALS) {
      const { norm } = await (models.get(kind) as Model).hiddenGradients(x);
      curves.push({ kind, norms: Float32Array.from(norm.data.slice(-words.length)) });
    }
    return { words, curves };
  }

  /**
   * Trains the three networks one after the other, on the same sentences in the same order, and returns their test
   * accuracies.
   */
  async train(signal: AbortSignal, onProgress: (progress: RivalProgress) => void): Promise<RivalScores> {
    const { train, test, encoder } = this.#data;
    const models = makeRivals(this.device, encoder);
    const scores: Partial<Record<CellKind, number>> = {};
    try {
      for (const [index, kind] of RIVALS.entries()) {
        const { epochs, batchSize } = SIZE;
        const report = ({ epoch, batch, batches, logs }: Progress) =>
          onProgress({
            kind,
            share: (index + (epoch - 1 + batch / batches) / epochs) / RIVALS.length,
            loss: logs.loss ?? Number.NaN,
          });
        const history = await (models.get(kind) as Model).fit(train, {
          ...{ epochs, batchSize, signal, validationData: test },
          onProgress: report,
        });
        scores[kind] = history.epochs.at(-1)?.logs.valAccuracy ?? Number.NaN;
      }
    } catch (error) {
      for (const model of models.values()) model.dispose();
      throw error;
    }
    for (const model of this.#trained?.values() ?? []) model.dispose();
    this.#trained = models;
    return scores as RivalScores;
  }
}

function makeRivals(device: Device, encoder: ReviewEncoder): ReadonlyMap<CellKind, Model> {
  return new Map(
    RIVALS.map((kind) => {
      const model = sequential(
        [
          embedding({ inputDim: encoder.inputDim, outputDim: SIZE.embedding }),
          LAYERS[kind](),
          dense({ units: 1, activation: "sigmoid" }),
        ],
        { device, inputShape: [MOST_WORDS], seed: SIZE.seed, name: kind },
      );
      model.compile({ optimizer: adam({ learningRate: 0.003 }), loss: "binaryCrossentropy", metrics: ["accuracy"] });
      return [kind, model];
    }),
  );
}

/** The last words of the text that the encoder reads, and before them those of sentences that no network trained on. */
function passage({ encoder, texts }: SentencesData, text: string, length: number): readonly string[] {
  const known = (each: string) =>
    encoder.tokenizer.words(each).filter((word) => encoder.idOfRank(encoder.tokenizer.wordIndex.get(word)) >= 0);
  let words = known(text);
  for (const sentence of texts.test) {
    if (words.length >= length) break;
    words = [...known(sentence), ...words];
  }
  return words.slice(-length);
}
