/** `sluice words`: trains word vectors, and shows the nearest neighbours of some words. */
import { imdb } from "../data/imdb.ts";
import {
  type SimilarWord,
  trainWordVectors,
  type WordVectorProgress,
  type WordVectors,
  wordVectorsToSafetensors,
  writeWordVectors,
} from "../embed/index.ts";
import { requestDevice } from "../index.ts";
import type { FileSystem } from "../platform/file_interface.ts";
import { openFileSystem } from "../platform/file_system.ts";
import { INTERRUPTED, onInterrupt } from "./interrupt.ts";
import { checkArchive, checkFile, checkInput } from "./path_checks.ts";
import { printLine } from "./print.ts";
import { provideWebGpu } from "./provide_webgpu.ts";
import { thisRuntime } from "./runtime_info.ts";
import type { WordsArguments } from "./words_arguments.ts";

/** The longest file of texts: about the longest string that a runtime supports. */
const MAX_TEXT_BYTES = 2 ** 29 - 2 ** 10;

/** Seconds between lines of progress. */
const LINE_SECONDS = 10;

/**
 * Runs `sluice words`.
 * @returns the exit status: 0, or that of an interrupted program
 * @throws SluiceError for every error that the user can fix
 */
export async function wordsCommand(args: WordsArguments): Promise<number> {
  const storage = await openFileSystem();
  await checkFile("--out", args.out);
  const texts = await readTexts(args, storage);
  printLine(`${texts.length} training texts`);
  await provideWebGpu();
  const interrupt = onInterrupt(() => printLine("Stopping after this step; nothing is saved."));
  const began = performance.now();
  const device = await requestDevice();
  const { name, version } = thisRuntime();
  printLine(`${device.adapter}, in ${name} ${version}\n`);
  try {
    const { texts: _, archive, out, runtime, ...training } = args;
    const vectors = await trainWordVectors(texts, {
      ...training,
      ...{ device, signal: interrupt.signal, onProgress: reporter() },
    });
    const lost = args.watch.filter((word) => !vectors.has(word));
    if (lost.length > 0) printLine(`  not in the vocabulary (--min-count ${args.minCount}): ${lost.join(", ")}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    await save(vectors, args.out, storage);
    printLine(`\n${vectors.size} words, ${vectors.vectorSize} numbers each, in ${seconds} s. Saved as ${args.out}`);
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    interrupt.release();
    device.dispose();
  }
}

async function readTexts({ texts, archive }: WordsArguments, storage: FileSystem): Promise<readonly string[]> {
  if (texts !== undefined) {
    await checkInput("--texts", texts, "a file with one text in each line");
    const all = new TextDecoder().decode(await storage.readFile(texts, { maxBytes: MAX_TEXT_BYTES }));
    return all.split(/\r?\n/).filter((line) => line.trim() !== "");
  }
  const source = await checkArchive(archive);
  const { texts: reviews } = await imdb.load({ source, keepTexts: true });
  // The only markup in the reviews.
  return reviews?.train.map((text) => text.replaceAll("<br />", " ")) ?? [];
}

/** Prints the progress from time to time, and the nearest words after each epoch. */
function reporter(): (progress: WordVectorProgress) => void {
  let lastLine = performance.now();
  return ({ epoch, epochs, share, loss, wordsPerSecond, secondsLeft, nearest }) => {
    const now = performance.now();
    if (nearest === undefined && now - lastLine < LINE_SECONDS * 1000) return;
    lastLine = now;
    const pace = `${Math.round(wordsPerSecond)} words/s`;
    const state = `epoch ${epoch}/${epochs}, ${(share * 100).toFixed(0)}%  loss ${loss.toFixed(4)}  ${pace}`;
    printLine(nearest === undefined ? `${state}  ${Math.ceil(secondsLeft)} s left` : state);
    for (const [word, list] of nearest ?? []) printLine(`  ${word}: ${listText(list)}`);
  };
}

function listText(words: readonly SimilarWord[]): string {
  return words.map(({ word, score }) => `${word} ${score.toFixed(2)}`).join(", ");
}

async function save(vectors: WordVectors, file: string, storage: FileSystem): Promise<void> {
  const isText = file.endsWith(".txt");
  const bytes = isText
    ? new Uint8Array(await new Response(writeWordVectors(vectors, { format: "word2vec" })).arrayBuffer())
    : wordVectorsToSafetensors(vectors);
  await storage.writeFileAtomic(file, bytes);
}
