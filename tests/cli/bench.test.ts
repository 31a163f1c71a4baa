/** `sluice bench` and `sluice train --profile` as built, on what is quick. Needs dist/ (`npm test` sees to that). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readReport } from "../../src/bench/compare_reports.ts";
import { parseBench } from "../../src/cli/bench_arguments.ts";
import { sluice } from "./command.ts";

const COPY = `@group(0) @binding(0) var<storage, read> x : array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y : array<vec4f>;
@compute @workgroup_size(64) fn copy(@builtin(global_invocation_id) id : vec3u) { y[id.x] = x[id.x]; }
`;

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "sluice-bench-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("the words after sluice bench", () => {
  test("become values", () => {
    const told = parseBench(
      "--shader a.wgsl --buffers 4KiB,u32:7 --workgroups 8x2 --flops 1e6 --compare old.json --quick".split(" "),
    );
    expect(told).toMatchObject({ runtime: "node", quick: true, all: false, peers: false, compare: "old.json" });
    expect(told.shader).toEqual({
      file: "a.wgsl",
      entryPoint: undefined,
      buffers: [
        { kind: "random", bytes: 4096 },
        { kind: "u32", values: [7] },
      ],
      workgroups: [8, 2, 1],
      work: { flops: 1e6, bytes: 0 },
    });
    expect(parseBench([]).shader).toBeUndefined();
  });

  test("that cannot be used are refused by name", () => {
    expect(() => parseBench(["--flops", "1e6"])).toThrow("--flops is for a shader; expected --shader FILE with it");
    expect(() => parseBench(["--shader", "a", "--buffers", "much"])).toThrow('--buffers: "much" is not an amount');
    expect(() => parseBench(["--shader", "a", "--workgroups", "0"])).toThrow('--workgroups: "0" is not a number');
    expect(() => parseBench(["--peer"])).toThrow("did you mean --peers");
  });
});

describe("sluice bench", () => {
  test("times a shader of one's own, writes JSON, and compares with it", async () => {
    writeFileSync(join(home, "copy.wgsl"), COPY);
    const words = ["bench", "--quick", "--shader", "copy.wgsl", "--buffers", "64KiB,64KiB", "--workgroups", "64"];
    const first = await sluice([...words, "--bytes", "128KiB", "--json", "old.json"], { cwd: home });
    expect(first.stdout).toMatch(/GFLOP\/s of multiply-adds in registers[\s\S]*copy\.wgsl .*(µs|ms)/);
    expect(first.status).toBe(0);
    const report = readReport(readFileSync(join(home, "old.json"), "utf8"), "old.json");
    expect(report.results).toMatchObject([{ name: "copy.wgsl", work: { flops: 0, bytes: 131072 } }]);
    expect(report.versions).toHaveProperty("sluice");
    const again = await sluice([...words, "--compare", "old.json"], { cwd: home });
    expect(again.stdout).toMatch(/Since old\.json:\n[\s\S]*\d changed beyond noise, \d did not/);

    const elsewhere = { ...report, place: { ...report.place, adapter: "another" } };
    writeFileSync(join(home, "other.json"), JSON.stringify(elsewhere));
    const refused = await sluice([...words, "--compare", "other.json"], { cwd: home });
    expect(refused.stderr).toMatch(/the earlier run was on another, in node.*--any-adapter/);
    expect(refused.status).toBe(1);
  });

  test("a shader's fault is told with its line, and the status says so", async () => {
    writeFileSync(join(home, "faulty.wgsl"), COPY.replace("x[id.x];", "x[id.x] + true;"));
    const words = ["bench", "--quick", "--shader", "faulty.wgsl", "--buffers", "64KiB,64KiB"];
    const { stdout, status } = await sluice(words, { cwd: home });
    expect(stdout).toMatch(/not measured[\s\S]*3:\d+ error[\s\S]*x\[id\.x\] \+ true/);
    expect(status).toBe(1);
  });
});

test("sluice train --profile ends with the time of each operation", async () => {
  const small = ["--limit", "64", "--units", "8", "--embedding", "8", "--max-length", "16", "--num-words", "500"];
  const words = ["train", ...small, "--epochs", "1", "--profile", "--out", "run", "--json", "run.json"];
  const { stdout, status } = await sluice(words, { cwd: home });
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /One training step takes [\d.]+ ms on the GPU:\n( {2}\S+ +[\d.]+ ms +[\d.]+% +\d+ dispatch(es)?\n){5,}/,
  );
  const { profile } = JSON.parse(readFileSync(join(home, "run.json"), "utf8"));
  expect(profile.map(({ operation }: { operation: string }) => operation)).toContain("adamUpdate");
});
