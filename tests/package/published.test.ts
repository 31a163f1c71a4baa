/**
 * The package as its registry would serve it: Deno installs and trains with it, and Are The Types Wrong finds nothing.
 * The latter comes from npm, so that SLUICE_PUBLISHED asks for these tests. Needs a built dist/.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { runDeno } from "../../src/cli/run_deno.ts";
import { serveFiles } from "../../src/cli/static_server.ts";
import { installPackage } from "./installed.ts";

const run = promisify(execFile);

describe.skipIf(process.env.SLUICE_PUBLISHED === undefined)("the published package", () => {
  let home: string;
  let tarball: string;
  beforeAll(async () => {
    ({ home } = await installPackage());
    tarball = readdirSync(home).find((name) => name.endsWith(".tgz")) ?? "";
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test("is installed by Deno from a registry, and trains there", async () => {
    const files = await serveFiles({ "/": home });
    const integrity = `sha512-${createHash("sha512")
      .update(readFileSync(join(home, tarball)))
      .digest("base64")}`;
    const { name, version } = manifest;
    const published = { ...manifest, dist: { tarball: files.url + tarball, integrity } };
    const body = JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: published } });
    const registry = await serveFiles({ [`/${name}`]: { body, type: "application/json" } });
    try {
      const folder = join(home, "registry");
      mkdirSync(folder);
      const program = `import { adam, dense, requestDevice, sequential } from "npm:${name}@^${version}";
        import { sentences } from "npm:${name}@^${version}/sentences";
        const device = await requestDevice();
        const model = sequential([dense({ units: 1, activation: "sigmoid" })], { device, inputShape: [2], seed: 1 });
        model.compile({ optimizer: adam({ learningRate: 0.3 }), loss: "binaryCrossentropy" });
        const { history } = await model.fit([[0, 1], [1, 0]], [[1], [0]], { epochs: 20 });
        console.log(JSON.stringify({ loss: history.loss }));
        console.log(sentences.attribution);
        Deno.exit(0);`;
      const script = join(folder, "train.ts");
      writeFileSync(script, program);
      const lines: string[] = [];
      const status = await runDeno(script, {
        cwd: folder,
        // A cache of its own: nothing that an earlier run installed is used.
        env: { NPM_CONFIG_REGISTRY: registry.url, DENO_DIR: join(folder, "cache") },
        onLine: (line) => lines.push(line),
        onErrorLine: (line) => lines.push(line),
      });
      expect(status, lines.join("\n")).toBe(0);
      const { loss } = JSON.parse(lines.find((line) => line.startsWith("{")) ?? "{}") as { loss: readonly number[] };
      expect(loss.at(-1)).toBeLessThan(0.5 * (loss[0] ?? 0));
      expect(lines.join("\n")).toContain("CC BY 4.0");
    } finally {
      await Promise.all([files.close(), registry.close()]);
    }
  });

  test("has types that every way to import ES modules finds", async () => {
    const words = ["--yes", "@arethetypeswrong/cli@0.18.5", "--profile", "esm-only", "--no-color", "--no-emoji"];
    // A problem ends the command with a status other than 0.
    const { stdout } = await run("npx", [...words, join(home, tarball)], { maxBuffer: 1 << 26 });
    const rows = new Map([...stdout.matchAll(/^│ "(\S+)" +│ (\w+)[^│]*│ (\w+)/gm)].map(([, ...row]) => [row[0], row]));
    for (const entry of Object.keys(manifest.exports)) {
      const name = entry.replace(".", manifest.name);
      expect(rows.get(name), stdout).toEqual([name, "OK", "OK"]);
    }
  });
});
