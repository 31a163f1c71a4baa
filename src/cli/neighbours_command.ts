/**
 * `sluice neighbours`: measures how well a model's vectors separate reviews, by the votes of their nearest neighbours.
 */
import { FormatError } from "../core/errors.ts";
import { imdb } from "../data/imdb.ts";
import { type Embeddings, modelEmbedder, VectorIndex } from "../embed/index.ts";
import { type Device, loadModel, requestDevice } from "../index.ts";
import type { NeighboursArguments } from "./neighbours_arguments.ts";
import { checkArchive } from "./path_checks.ts";
import { printLine } from "./print.ts";
import { provideWebGpu } from "./provide_webgpu.ts";
import { thisRuntime } from "./runtime_info.ts";

/** The number of reviews in one search. */
const QUERIES = 64;
/** The number of reviews that are embedded in one batch. */
const BATCH = 64;

/**
 * Embeds both halves of the reviews, lets the nearest training reviews of each test review vote, and compares the
 * result with the model's own accuracy.
 * @throws SluiceError for every error that the user can fix
 */
export async function neighboursCommand(args: NeighboursArguments): Promise<number> {
  const { pooling, k, limit } = args;
  const source = await checkArchive(args.archive);
  await provideWebGpu();
  const device = await requestDevice();
  const { name, version } = thisRuntime();
  printLine(`${device.adapter}, in ${name} ${version}`);
  try {
    const model = await loadModel(args.model, { device });
    const { encoder, outputShape } = model;
    if (encoder === undefined || outputShape.length !== 1 || outputShape[0] !== 1) {
      throw new FormatError(
        `${args.model}: the model does not classify texts; expected one that \`sluice train\` saved`,
      );
    }
    const { train, test, texts } = await imdb.load({ source, limit, keepTexts: true });
    const [known, asked] = [texts?.train ?? [], texts?.test ?? []];
    const labels = Array.from(train.y.data, (label) => label === 1);
    const truth = Array.from(test.y.data, (label) => label === 1);
    const { data } = await model.predict(encoder.encode(asked), { batchSize: BATCH });
    const own = shareRight(
      truth,
      Array.from(data, (probability) => probability > 0.5),
    );
    printLine(`the model itself: ${percentOf(own)} of ${asked.length} test reviews`);
    using embedder = modelEmbedder(model);
    const embed = (list: readonly string[]) => embedder.embed(list, { pooling, normalize: true, batchSize: BATCH });
    const [ofKnown, ofAsked] = [await embed(known), await embed(asked)];
    const votes = await classify(device, { vectors: ofKnown, labels }, ofAsked, Math.min(k, known.length));
    const byVotes = shareRight(truth, votes);
    printLine(
      `${k} nearest of ${known.length} training reviews, by the cosine of ${embedder.vectorSize} numbers ` +
        `(${pooling}): ${percentOf(byVotes)}; ${((byVotes - own) * 100).toFixed(2)} points to the model`,
    );
    return 0;
  } finally {
    device.dispose();
  }
}

/** For each query vector, whether most of its k nearest known vectors have the label. */
async function classify(
  device: Device,
  known: { readonly vectors: Embeddings; readonly labels: readonly boolean[] },
  asked: Embeddings,
  k: number,
): Promise<boolean[]> {
  const [count = 0, size = 0] = asked.shape;
  const index = new VectorIndex<boolean>(device, { dimension: size });
  try {
    await index.add([...known.labels.keys()], known.vectors, known.labels);
    const votes: boolean[] = [];
    for (let start = 0; start < count; start += QUERIES) {
      const queries = asked.data.subarray(start * size, (start + QUERIES) * size);
      const found = await index.search(queries, { k });
      votes.push(...found.map((hits) => vote(hits.map(({ metadata }) => metadata === true))));
    }
    return votes;
  } finally {
    index.dispose();
  }
}

/** The label of the majority. The labels are ordered nearest first; the nearest decides a tie. */
export function vote(labels: readonly boolean[]): boolean {
  const lead = labels.reduce((sum, label) => sum + (label ? 1 : -1), 0);
  return lead === 0 ? labels[0] === true : lead > 0;
}

function shareRight(truth: readonly boolean[], votes: readonly boolean[]): number {
  return truth.filter((label, index) => label === votes[index]).length / truth.length;
}

function percentOf(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
