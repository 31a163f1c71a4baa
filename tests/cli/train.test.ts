/** `sluice train` and `sluice predict` as built, on a little data. Needs dist/ (`npm test` sees to that). */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser } from "../../src/cli/launch_browser.ts";
import type { recordOf } from "../../src/cli/training_report.ts";
import type { KernelCall, Operand } from "../../src/core/kernel_call.ts";
import { type MatmulActivation, matmulCall } from "../../src/kernels/matmul/matmul.ts";
import { tuningOf } from "../../src/runtime/measure/tune.ts";
import { tunedDevice } from "../support/device.ts";
import { type CommandResult, sluice } from "./command.ts";

type RunRecord = ReturnType<typeof recordOf>;

const SMALL = ["--limit", "96", "--units", "8", "--embedding", "8", "--max-length", "16", "--num-words", "500"];

/** The products of a training with SMALL, in batches of 32, and of judging five sentences. */
const PRODUCTS = [
  ...["512x8x32 nn linear bias", "32x8x1 nn linear bias", "32x1x8 nt linear", "8x32x1 tn linear", "8x512x32 tn linear"],
  ...[
    "512x32x8 nt linear",
    "32x8x1 nn sigmoid bias",
    "500x8x32 nn linear bias",
    "80x8x32 nn linear bias",
    "5x8x1 nn sigmoid bias",
  ],
];

/** The call of such a product. */
function product(call: string): KernelCall {
  const [size = "", transposed, activation, bias] = call.split(" ");
  const [M, K, N] = size.split("x").map(Number) as [number, number, number];
  const [transposeA, transposeB] = [transposed?.[0] === "t", transposed?.[1] === "t"];
  const operand = (...shape: number[]): Operand => ({ shape, dtype: "float32" });
  return matmulCall(
    {
      a: transposeA ? operand(K, M) : operand(M, K),
      b: transposeB ? operand(N, K) : operand(K, N),
      ...(bias !== undefined && { bias: operand(N) }),
      out: operand(M, N),
    },
    { transposeA, transposeB, activation: activation as MatmulActivation },
  );
}

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "sluice-cli-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const train = (name: string, ...words: readonly string[]): Promise<CommandResult> =>
  sluice(["train", "--out", name, "--json", `${name}.json`, ...words], { cwd: home });
const record = (name: string): RunRecord => JSON.parse(readFileSync(join(home, `${name}.json`), "utf8")) as RunRecord;
/** Loss and accuracy of each epoch, without the time it took. */
const resultsOf = (name: string) => record(name).epochs.map(({ seconds: _, ...results }) => results);

describe("in Node", () => {
  beforeAll(async () => {
    const { status, stdout, stderr } = await train("first", ...SMALL, "--epochs", "3", "--plot", "plots/first.svg");
    expect(stderr.replace(/^Warning: max\w+ artificially.*\n/gm, "")).toBe("");
    expect(status).toBe(0);
    for (const part of [
      "Sentiment Labelled Sentences",
      "Total params",
      "epoch 3/3: loss",
      "test accuracy",
      "true \\ predicted",
    ]) {
      expect(stdout).toContain(part);
    }
  });

  test("the JSON holds what the run was and gave", () => {
    const { epochs, confusion, test: score, ...rest } = record("first");
    expect(rest).toMatchObject({
      adapter: expect.stringMatching(/./),
      runtime: { name: "node", version: process.versions.node },
      versions: { sluice: expect.stringMatching(/^\d/), webgpu: expect.stringMatching(/^\d/) },
      options: { data: "sentences", epochs: 3, limit: 96, units: 8, seed: 7 },
      submitsPerStep: 1,
      extraChunksPerStep: 0,
      weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(rest.dispatchesPerStep).toBeGreaterThan(0);
    expect(rest.peakGpuBytes).toBeGreaterThan(0);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    for (const epoch of epochs) {
      expect(Object.keys(epoch).sort()).toEqual(["accuracy", "epoch", "loss", "seconds", "valAccuracy", "valLoss"]);
    }
    const count = (actual: string, predicted: string) => confusion[actual]?.[predicted] ?? 0;
    const right = count("negative", "negative") + count("positive", "positive");
    expect(right + count("negative", "positive") + count("positive", "negative")).toBe(96);
    expect(score.accuracy).toBeCloseTo(right / 96, 6);
  });

  test("--plot draws loss and accuracy of each epoch", () => {
    const svg = readFileSync(join(home, "plots/first.svg"), "utf8");
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain("<title>LSTM trained on sentences</title>");
    const loss = record("first").epochs.map((epoch) => {
      const value = Number(new Map<string, unknown>(Object.entries(epoch)).get("loss"));
      return String(Number(value.toPrecision(4)));
    });
    expect(svg).toContain(`3 epochs. loss: training from ${loss[0]} to ${loss[2]}, validation from`);
    for (const [place, value] of loss.entries()) expect(svg).toContain(`training, epoch ${place + 1}: ${value}<`);
    expect(JSON.stringify(record("first"))).not.toContain("svg");
  });

  test("one seed gives the same weights, another seed others", async () => {
    await train("again", ...SMALL, "--epochs", "3");
    await train("other", ...SMALL, "--epochs", "3", "--seed", "8");
    expect(record("again").weightsSha256).toBe(record("first").weightsSha256);
    expect(resultsOf("again")).toEqual(resultsOf("first"));
    expect(record("other").weightsSha256).not.toBe(record("first").weightsSha256);
  });

  test("stopped by Ctrl-C and resumed, it ends as if never stopped", async () => {
    const words = [...SMALL, "--epochs", "12"];
    await train("whole", ...words);
    const stopped = await sluice(["train", "--out", "part", ...words], { cwd: home, interruptAt: "epoch 1/12" });
    expect(stopped).toMatchObject({ status: 130, stdout: expect.stringContaining("continue with --resume part") });
    expect(stopped.stdout).not.toContain("epoch 12/12");
    expect(await sluice(["train", "--resume", "part", "--json", "part.json"], { cwd: home })).toMatchObject({
      status: 0,
    });
    expect(record("part").weightsSha256).toBe(record("whole").weightsSha256);
    expect(resultsOf("part")).toEqual(resultsOf("whole"));
  });

  test("--tune remembers, measures the rest, and says what it chose; a resumed training keeps to it", async () => {
    // Each product that is measured has four shaders to compile: all but the sum are chosen beforehand, by a clock that
    // is quick.
    const path = join(home, "cache/sluice/tuning.json");
    mkdirSync(join(home, "cache/sluice"), { recursive: true });
    const timer = async (_: KernelCall, variant: string) => (variant === "naive" ? 1 : 2);
    const before = tuningOf(await tunedDevice({ store: path, timer }));
    await before.chooserFor(() => PRODUCTS.map(product));
    const kept = () => JSON.parse(readFileSync(path, "utf8")).adapters[before.adapter];
    const remembered = kept();

    const options = { cwd: home, variables: { XDG_CACHE_HOME: join(home, "cache") } };
    const words = [...SMALL, "--limit", "32", "--batch-size", "32", "--epochs", "2", "--tune"];
    const tuned = await sluice(["train", "--out", "tuned", "--json", "tuned.json", ...words], options);
    expect(tuned.status).toBe(0);
    const { variants = [] } = record("tuned");
    const chosen = new Map(variants.map(({ call, variant }) => [call, variant]));
    const of = (origin: string) => variants.filter(({ from }) => from === origin).map(({ call }) => call);
    expect(of("remembered").sort()).toEqual(PRODUCTS.map((call) => `matmul ${call}`).sort());
    // The sums of a step, and those of a validation.
    expect(of("measured")).toEqual([
      expect.stringMatching(/^reduce sum .* of 3$/),
      expect.stringMatching(/^reduce sum .* of 2$/),
    ]);
    expect(kept()).toMatchObject(remembered);
    expect(Object.keys(kept()).sort()).toEqual([...chosen.keys()].sort());

    const more = ["--epochs", "3", "--json", "more.json"];
    expect(await sluice(["train", "--resume", "tuned", "--out", "more", ...more], options)).toMatchObject({
      status: 0,
    });
    const replayed = record("more").variants ?? [];
    expect(replayed.length).toBeGreaterThan(0);
    for (const { call, variant, from } of replayed) expect([variant, from]).toEqual([chosen.get(call), "replayed"]);
  });

  test("a saved model judges texts, given as words or line by line", async () => {
    const { status, stdout } = await sluice(["predict", "--model", "first", "a great film", "zzzqx"], { cwd: home });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^(positive|negative) {2}\d\.\d{3} {2}a great film\n/);
    expect(stdout).toMatch(/zzzqx {2}\(none of its words/);
    const lines = await sluice(["predict", "--model", "first", "--json", "-"], {
      cwd: home,
      stdin: "a great film\n\nbad food\n",
    });
    const verdicts = JSON.parse(lines.stdout) as { readonly text: string; readonly probability: number }[];
    expect(verdicts.map(({ text }) => text)).toEqual(["a great film", "bad food"]);
    expect(stdout).toContain(verdicts[0]?.probability.toFixed(3));
  });

  test.each([
    [["train", "--out", "file/model"], 2, /--out file\/model: cannot write there .*choose another/],
    [["train", "--json", "."], 2, /--json \.: it is a directory/],
    [["train", "--plot", "."], 2, /--plot \.: it is a directory/],
    [["train", "--data", "imdb"], 2, /needs the review archive/],
    [["train", "--data", "imdb", "--archive", "none.gz"], 2, /no such file/],
    [["train", "--data", "imdb", "--archive", "file"], 1, /file: /],
    [["train", "--resume", "none"], 2, /no model\.json/],
    [["train", "--resume", "first", "--units", "9"], 2, /--units is 9, but the training run in first has 8/],
    [["train", "--resume", "first", "--epochs", "2"], 2, /expected at least as many/],
    [["predict", "--model", "none", "hello"], 2, /--model none: there is no model\.json; expected a directory/],
    [["predict", "--model", "first"], 2, /standard input contains no text/],
    [["fly"], 2, /unknown command "fly"/],
  ] as const)("%j is refused in one line", async (words, status, message) => {
    writeFileSync(join(home, "file"), "");
    const result = await sluice(words, { cwd: home });
    expect(result.stderr.replace(/^Warning: max\w+ artificially.*\n/gm, "")).toMatch(/^sluice: [^\n]*\n$/);
    expect(result.stderr).toMatch(message);
    expect(result.status).toBe(status);
  });
});

describe("on a table of one's own", () => {
  const WORDS = {
    sport: ["goal", "match", "team"],
    politics: ["vote", "party", "law"],
    science: ["atom", "star", "cell"],
  };
  const rows = Object.entries(WORDS).flatMap(([topic, words]) =>
    Array.from({ length: 30 }, (_, n) => ({
      topic,
      headline: `the ${words[n % 3]}, ${words[(n * 2 + 1) % 3]} no ${n}`,
    })),
  );
  const size = ["--units", "8", "--embedding", "8", "--max-length", "8", "--dropout", "0", "--learning-rate", "0.02"];
  beforeAll(() => {
    const lines = rows.map(({ topic, headline }) => `${topic},"${headline}"`);
    writeFileSync(join(home, "news.csv"), ["topic,headline", ...lines].join("\n"));
    writeFileSync(join(home, "news.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
    writeFileSync(join(home, "one.csv"), "text,label\na,x\nb,x\nc,x\nd,y\n");
  });

  test("any number of classes is learnt, judged on a held-out part, and predicted by name", async () => {
    const { status, stdout } = await train("news", "--csv", "news.csv", ...size, "--epochs", "12");
    expect(status, stdout).toBe(0);
    expect(stdout).toContain("news.csv: 90 texts; 30 politics, 30 science, 30 sport\n72 to train on, 18 to test");
    expect(stdout).toMatch(/predicted +politics +science +sport\n +politics +6 +0 +0\n/);
    const { confusion, labels, test: score, options } = record("news");
    expect(labels).toEqual(["politics", "science", "sport"]);
    expect(options).toMatchObject({ data: "table", csv: "news.csv" });
    const total = Object.values(confusion).flatMap((line) => Object.values(line));
    expect(total.reduce((sum, count) => sum + count)).toBe(18);
    expect(score.accuracy).toBeCloseTo(
      labels.reduce((sum, label) => sum + (confusion[label]?.[label] ?? 0), 0) / 18,
      6,
    );
    const asked = await sluice(["predict", "--model", "news", "the star, cell no 7", "the goal, match no 9"], {
      cwd: home,
    });
    expect(asked.stdout).toMatch(
      /^science {2}0\.\d{3} {2}the star, cell no 7\nsport {4}0\.\d{3} {2}the goal, match no 9\n$/,
    );
    const file = await sluice(["predict", "--model", "news", "--json", "news/out.json", "the law, party no 2"], {
      cwd: home,
    });
    expect(file.stdout).toMatch(/^politics/);
    const [written] = JSON.parse(readFileSync(join(home, "news/out.json"), "utf8"));
    expect(written).toMatchObject({ text: "the law, party no 2", label: "politics", knownWords: expect.any(Number) });
  });

  test("JSON lines give what CSV gives, and a stopped run goes on with the same file only", async () => {
    const words = [...size, "--epochs", "3"];
    const columns = ["--text-column", "headline", "--label-column", "topic"];
    await train("csv", "--csv", "news.csv", ...words);
    expect(await train("json", "--csv", "news.jsonl", ...columns, ...words)).toMatchObject({ status: 0 });
    expect(record("json").weightsSha256).toBe(record("csv").weightsSha256);
    const stopped = await sluice(["train", "--out", "cut", "--csv", "news.jsonl", ...columns, ...words], {
      ...{ cwd: home, interruptAt: "epoch 1/3" },
    });
    expect(stopped.status).toBe(130);
    const resumed = await sluice(["train", "--resume", "cut", "--json", "cut.json"], { cwd: home });
    expect(resumed).toMatchObject({ status: 0 });
    expect(record("cut").weightsSha256).toBe(record("csv").weightsSha256);
    const other = await sluice(["train", "--resume", "cut", "--csv", "one.csv"], { cwd: home });
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining("one.csv has other texts or columns") });
  });

  test.each([
    [["--csv", "none.csv"], 2, "--csv none.csv: there is no such file; expected a file of texts and labels"],
    [["--csv", "one.csv"], 1, 'one.csv: too few texts have the label "y"; expected two labels or more'],
    [
      ["--csv", "news.csv", "--label-column", "mood"],
      1,
      'news.csv, line 1: the columns are called "topic", "headline"',
    ],
  ])("%j is refused in one line", async (words, status, message) => {
    const result = await sluice(["train", "--out", "bad", ...words], { cwd: home });
    expect(result.stderr.replace(/^Warning: max\w+ artificially.*\n/gm, "")).toMatch(/^sluice: [^\n]*\n$/);
    expect(result.stderr).toContain(message);
    expect(result.status).toBe(status);
  });
});

test("in Deno", async () => {
  const { status, stdout } = await train("deno", ...SMALL, "--epochs", "1", "--runtime", "deno");
  expect(status, stdout).toBe(0);
  expect(record("deno").runtime.name).toBe("deno");
});

describe("in Chromium", () => {
  test("it trains in a page, can be stopped, and goes on", async () => {
    if ((await findBrowser("chromium")) === undefined)
      throw new Error("Chromium is missing: `npm run setup` brings it");
    const words = [...SMALL, "--epochs", "4", "--runtime", "chromium"];
    expect(await train("page", ...words)).toMatchObject({ status: 0 });
    expect(record("page").runtime.name).toBe("chromium");
    const stopped = await sluice(["train", "--out", "half", ...words], { cwd: home, interruptAt: "epoch 1/4" });
    expect(stopped).toMatchObject({ status: 130, stdout: expect.stringContaining("continue with --resume half") });
    const resume = ["train", "--resume", "half", "--runtime", "chromium", "--json", "half.json", "--plot", "half.svg"];
    expect(await sluice(resume, { cwd: home })).toMatchObject({ status: 0 });
    expect(record("half").weightsSha256).toBe(record("page").weightsSha256);
    expect(readFileSync(join(home, "half.svg"), "utf8")).toContain("4 epochs. loss: training from");
  });

  test("it trains on a table there", async () => {
    const lines = Array.from({ length: 40 }, (_, n) => `${n % 2 === 0 ? "fine" : "poor"} film no ${n},${n % 2}`);
    writeFileSync(join(home, "films.csv"), ["text,label", ...lines].join("\n"));
    const words = ["--csv", "films.csv", "--units", "4", "--embedding", "4", "--max-length", "6", "--epochs", "1"];
    const { status, stdout } = await train("films", ...words, "--runtime", "chromium");
    expect(status, stdout).toBe(0);
    expect(stdout).toContain("films.csv: 40 texts; 20 0, 20 1\n32 to train on, 8 to test");
    expect(record("films")).toMatchObject({ labels: ["0", "1"], runtime: { name: "chromium" } });
  });
});
