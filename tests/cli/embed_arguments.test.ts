import { expect, test } from "vitest";
import { helpOf } from "../../src/cli/command_line.ts";
import { NEIGHBOURS_OPTIONS, parseNeighbours } from "../../src/cli/neighbours_arguments.ts";
import { vote } from "../../src/cli/neighbours_command.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { parseWords, WORDS_OPTIONS } from "../../src/cli/words_arguments.ts";

test("words: options become values, with defaults that the help names", () => {
  const told = parseWords(["--epochs", "2", "--watch", "good, bad", "--out=v.txt"], { SLUICE_IMDB: "reviews.tar.gz" });
  expect(told).toMatchObject({
    ...{
      archive: "reviews.tar.gz",
      texts: undefined,
      epochs: 2,
      watch: ["good", "bad"],
      out: "v.txt",
      runtime: "node",
    },
    ...{ vectorSize: 64, window: 8, minCount: 10, learningRate: 0.4 },
  });
  expect(helpOf(WORDS_OPTIONS)).toContain("(terrible,funny,actor)");
  expect(parseWords(["--texts", "a.txt"], {}).texts).toBe("a.txt");
});

test("neighbours: a model and an archive, 15 neighbours of the last state", () => {
  expect(parseNeighbours(["--model", "runs/imdb", "--limit", "100"], { SLUICE_IMDB: "a" })).toEqual({
    ...{ model: "runs/imdb", archive: "a", k: 15, pooling: "last", limit: 100, runtime: "node" },
  });
  expect(helpOf(NEIGHBOURS_OPTIONS)).toContain("--pooling NAME");
});

test.each([
  [() => parseWords([], {}), "no texts were given; expected --texts FILE"],
  [() => parseWords(["--texts", "a", "--window", "0"], {}), "--window is 0; expected a whole number of at least 1"],
  [() => parseWords(["--texts", "a", "--sample", "1"], {}), "--sample is 1; expected a number from 0"],
  [() => parseWords(["--texts", "a", "--learning-rate", "0"], {}), "--learning-rate is 0; expected a number above 0"],
  [() => parseWords(["--texts", "a", "--runtime", "firefox"], {}), '--runtime is "firefox"; expected node or deno'],
  [() => parseNeighbours([], {}), "--model is missing"],
  [() => parseNeighbours(["--model", "m"], {}), "--archive is missing"],
  [() => parseNeighbours(["--model", "m", "--archive", "a", "--k", "0"], {}), "--k is 0"],
  [() => parseNeighbours(["--model", "m", "--archive", "a", "--pooling", "sum"], {}), '--pooling is "sum"'],
])("%# is refused", (parse, message) => {
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(message);
});

test("the nearest vote, and the very nearest decides a draw", () => {
  expect(vote([true, false, false])).toBe(false);
  expect(vote([true, true, false])).toBe(true);
  expect(vote([true, false])).toBe(true);
  expect(vote([false, true])).toBe(false);
});
