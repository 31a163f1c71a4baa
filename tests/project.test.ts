/** The papers of the repository: the changelog's form, workflows, and what they say about versions and places. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../package.json" with { type: "json" };

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trim().split("\n");

describe("the changelog", () => {
  const lines = read("CHANGELOG.md").split("\n");

  /** The headings below versions, each behind its version. */
  function sections(): readonly string[] {
    let version = "";
    return lines.flatMap((line) => {
      if (/^## /.test(line)) version = line;
      return /^#{3,4} /.test(line) ? [`${version} ${line}`] : [];
    });
  }

  test("has the form of Keep a Changelog", () => {
    const [first = "", ...versions] = lines.filter((line) => /^## /.test(line));
    expect(first).toBe("## [Unreleased]");
    for (const version of versions) expect(version).toMatch(/^## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
    const kinds = lines.filter((line) => /^### /.test(line)).map((line) => line.slice(4));
    const known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
    expect(kinds.filter((kind) => !known.includes(kind))).toEqual([]);
    expect(sections(), "a kind of change has one list in each version").toEqual([...new Set(sections())]);
  });

  test("links every version", () => {
    const versions = lines.flatMap((line) => /^## \[([^\]]+)\]/.exec(line)?.[1] ?? []);
    for (const version of versions) {
      expect(lines.some((line) => line.startsWith(`[${version}]: ${repository()}/`))).toBe(true);
    }
  });
});

test("all files name the repository of package.json", () => {
  expect(manifest.bugs.url).toBe(`${repository()}/issues`);
  const [, owner, name] = /^https:\/\/github\.com\/([^/]+)\/([^/]+)$/.exec(repository()) ?? [];
  expect(manifest.homepage).toBe(`https://${owner}.github.io/${name}/`);
  const ours = new RegExp(`github\\.com/[\\w-]+/${name}\\b|[\\w-]+\\.github\\.io/${name}\\b`, "g");
  const places = tracked
    .filter((path) => /\.(md|ya?ml|ts|tsx|mjs|html|json)$/.test(path) && existsSync(join(root, path)))
    .flatMap((path) => [...read(path).matchAll(ours)].map(([place]) => `${path}: ${place}`));
  const others = places.filter((place) => !place.endsWith(`: github.com/${owner}/${name}`));
  expect(others.filter((place) => !place.endsWith(`: ${owner}.github.io/${name}`))).toEqual([]);
  expect(places.length).toBeGreaterThan(5);
});

describe("GitHub's files", () => {
  const files = tracked.filter((path) => /^\.github\/.*\.ya?ml$/.test(path));

  test("are YAML", () => {
    expect(files.length).toBeGreaterThanOrEqual(6);
    for (const file of files) expect(parse(read(file)), file).toBeTypeOf("object");
  });

  test("the workflows run scripts that exist, with no more rights than they need", () => {
    for (const file of files.filter((path) => path.includes("/workflows/"))) {
      const { permissions, jobs } = parse(read(file)) as Workflow;
      expect(permissions, file).toEqual({ contents: "read" });
      const commands = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = "" }) => run));
      for (const [, script = ""] of commands.join("\n").matchAll(/npm run ([\w:-]+)/g)) {
        expect(manifest.scripts, file).toHaveProperty([script]);
      }
      for (const [path] of commands.join("\n").matchAll(/\.ci\/\w+|tests\/[\w/.]+/g)) expect(tracked).toContain(path);
    }
  });

  test("CI runs the whole check on the Node versions that docs/versioning.md names", () => {
    const { jobs } = parse(read(".github/workflows/ci.yml")) as Workflow;
    expect(jobs.check?.strategy?.matrix.node).toEqual([22, 24]);
    expect(jobs.check?.steps.map(({ run }) => run)).toContain(".ci/run");
    expect(read("docs/versioning.md")).toContain("| Node | 20.19 and newer | 20 here; 22 and 24 by");
    expect(manifest.engines.node).toBe(">=20.19");
    expect(read(".nvmrc")).toBe("24\n");
  });
});

test("docs/versioning.md has the versions of all saved files", () => {
  const rows = [...read("docs/versioning.md").matchAll(/^\|.*\| (\d+) \| (?:(\d+) to )?(\d+) \| `([^`]+)` \|$/gm)];
  expect(rows.length).toBe(5);
  for (const [, written, oldest = written, newest, path = ""] of rows) {
    const constants = Object.fromEntries(
      [...read(path).matchAll(/const (\w*VERSION) = (\d+);/g)].map(([, name = "", value]) => [name, value]),
    );
    const { OLDEST_VERSION = written, ...others } = constants;
    expect([newest, ...Object.values(others)], path).toEqual([written, written]);
    expect(oldest, path).toBe(OLDEST_VERSION);
  }
  const onnx = read("src/convert/onnx/graph.ts");
  const [, opset, ir] = /opset (\d+) and IR version (\d+)/.exec(read("docs/versioning.md")) ?? [];
  expect(onnx).toContain(`OPSET = ${opset};`);
  expect(onnx).toContain(`IR_VERSION = ${ir};`);
});

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly strategy?: { readonly matrix: { readonly node: readonly number[] } };
        readonly steps: readonly { readonly run?: string }[];
      }
    >
  >;
}

function repository(): string {
  return manifest.repository.url.replace(/^git\+|\.git$/g, "");
}
