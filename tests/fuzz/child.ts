/**
 * A child process that gives damaged files to one loader. Arguments: the loader, how many files, the seed, and files of
 * the corpus (JSON: base64 by name). It prints a line of JSON before each file and at its end; whoever started it keeps
 * the time.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { FormatError, requestDevice } from "../../src/index.ts";
import { LOADERS } from "./loaders.ts";
import type { Files } from "./mutations.ts";
import "../../src/node.ts";

/** What a file may take. Seconds are of this process's own work: the machine may be busy with others. */
const LIMITS = { seconds: 2, bytes: 256 * 2 ** 20 };

const [loader = "", runs = "0", seed = "0", ...corpus] = process.argv.slice(2);
const device = await requestDevice();
const { files: arbitrary, load, refusals = [] } = await (LOADERS[loader] as (typeof LOADERS)[string])(device);

const counts = { files: 0, loaded: 0, refused: 0, seconds: 0, bytes: 0 };
const peak = () => process.resourceUsage().maxRSS * 1024;
let before = 0;

/** Loads once. @throws Error when the loader throws what it may not, or takes more than it may. */
async function once(files: Files): Promise<void> {
  const started = process.cpuUsage();
  counts.files++;
  try {
    await load(files);
    counts.loaded++;
  } catch (error) {
    if (![FormatError, ...refusals].some((kind) => error instanceof kind)) throw error;
    counts.refused++;
  }
  const { user, system } = process.cpuUsage(started);
  const seconds = (user + system) / 1e6;
  counts.seconds = Math.max(counts.seconds, seconds);
  before ||= peak();
  counts.bytes = Math.max(counts.bytes, peak() - before);
  if (seconds > LIMITS.seconds)
    throw new Error(`a file took ${seconds.toFixed(2)} s; expected at most ${LIMITS.seconds}`);
  if (counts.bytes > LIMITS.bytes)
    throw new Error(`a file took ${counts.bytes} bytes; expected at most ${LIMITS.bytes}`);
}

const packed = (files: Files) =>
  JSON.stringify(
    Object.fromEntries(Array.from(files, ([name, bytes]) => [name, Buffer.from(bytes).toString("base64")])),
  );
const unpacked = (json: string): Files =>
  new Map(
    Object.entries(JSON.parse(json) as Record<string, string>).map(([name, base64]) => [
      name,
      new Uint8Array(Buffer.from(base64, "base64")),
    ]),
  );

/** The last that failed: fast-check goes on with smaller ones. */
let failing: Files | undefined;
async function tried(files: Files): Promise<void> {
  try {
    await once(files);
  } catch (error) {
    failing = files;
    throw error;
  }
}
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
try {
  for (const path of corpus) {
    say({ file: path });
    await tried(unpacked(readFileSync(path, "utf8")));
  }
  const property = fc.asyncProperty(arbitrary, async (make) => {
    const files = await make();
    if (counts.files % 20 === 0) say({ file: counts.files });
    await tried(files);
  });
  await fc.assert(property, { numRuns: Number(runs), seed: Number(seed) });
  say({ done: counts });
  process.exit(0);
} catch (error) {
  const { stack, message, cause } = error as Error;
  const reason = cause instanceof Error ? `${message}\n${cause.stack}` : stack;
  say({ failed: reason, counts, ...(failing && { files: packed(failing) }) });
  process.exit(1);
}
