/** `scripts/check_dependencies.mjs`, in a folder of its own and with an npm that answers as the test likes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const script = fileURLToPath(new URL("../scripts/check_dependencies.mjs", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-dependencies-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const CLEAN = { vulnerabilities: {}, metadata: {} };
const REPORTS_NOTHING = `echo '${JSON.stringify(CLEAN)}'`;
const INTEGRITY = `sha512-${"a".repeat(86)}==`;
const MANIFEST = { dependencies: {}, devDependencies: { one: "1.2.3", two: "^2.0.0" } };
const ENTRIES = {
  "node_modules/one": { version: "1.2.3", integrity: INTEGRITY },
  "node_modules/two": { version: "2.4.0", integrity: INTEGRITY, resolved: "https://packages.test/two-2.4.0.tgz" },
  "node_modules/three": { version: "0.1.0", integrity: INTEGRITY, resolved: "https://packages.test/three-0.1.0.tgz" },
  "node_modules/ours": { resolved: "tools/ours", link: true },
  "tools/ours": { version: "1.0.0" },
};

interface Given {
  readonly manifest?: object;
  readonly entries?: object;
  /** What the lock file says of package.json. */
  readonly lockRoot?: object;
  /** What `npm` does, in shell. */
  readonly npm?: string;
}

/** Runs the script in a folder with these files. */
function check({ manifest = MANIFEST, entries = {}, lockRoot = manifest, npm = REPORTS_NOTHING }: Given = {}) {
  const packages = { "": lockRoot, ...ENTRIES, ...entries };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages }));
  return run(folder, npm);
}

function run(cwd: string, npm: string) {
  writeFileSync(join(folder, "npm"), `#!/bin/sh\n${npm}\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const args = [script, "--audit-seconds", "2"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

const posix = test.skipIf(process.platform === "win32");

posix("a lock file in step passes", () => {
  expect(check()).toMatchObject({ status: 0, stderr: "" });
  expect(check().stdout).toContain("5 packages in the lock file");
});

posix.each<[string, Given, RegExp]>([
  ["a dependency that the lock file lacks", { lockRoot: { devDependencies: { one: "1.2.3" } } }, /two is \^2\.0\.0 in/],
  ["one that package.json lacks", { lockRoot: { ...MANIFEST, dependencies: { x: "1.0.0" } } }, /x is undefined in/],
  [
    "another version than is pinned",
    { entries: { "node_modules/one": { version: "1.2.4", integrity: INTEGRITY } } },
    /one is pinned to 1\.2\.3, the lock file has 1\.2\.4; run `npm install --package-lock-only`/,
  ],
  [
    "no hash",
    { entries: { "node_modules/three": { version: "0.1.0" } } },
    /node_modules\/three has the integrity none; expected a SHA-512/,
  ],
  [
    "a weak hash",
    { entries: { "node_modules/three": { version: "0.1.0", integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" } } },
    /three has the integrity sha1-/,
  ],
  [
    "another host",
    {
      entries: {
        "node_modules/a/node_modules/b": {
          version: "1.0.0",
          integrity: INTEGRITY,
          resolved: "https://evil.test/b.tgz",
        },
      },
    },
    /node_modules\/a\/node_modules\/b comes from evil\.test, the rest do not/,
  ],
  ...["git+ssh://git@host.test/b.git#abc", "http://packages.test/b.tgz", "file:../b.tgz"].map(
    (resolved): [string, Given, RegExp] => [
      `the origin ${resolved}`,
      { entries: { "node_modules/b": { version: "1.0.0", integrity: INTEGRITY, resolved } } },
      /node_modules\/b comes from .*; expected a registry, over https/,
    ],
  ),
])("%s fails", (_, given, message) => {
  const { status, stderr } = check(given);
  expect(status).toBe(1);
  expect(stderr).toMatch(message);
});

/** An npm that reports a fault of this severity, unless what is not for users is left out. */
const audit = (severity: string, isForUsers: boolean) => {
  const found = { vulnerabilities: { bad: { severity, range: "<2.0.0" } }, metadata: {} };
  return `case "$*" in
    *--omit=dev*) echo '${JSON.stringify(isForUsers ? found : CLEAN)}';;
    *) echo '${JSON.stringify(found)}';;
  esac
  exit 1`;
};

posix.each([
  ["low", true, 1],
  ["low", false, 0],
  ["moderate", false, 0],
  ["high", false, 1],
  ["critical", false, 1],
])("a known fault of %s severity, for users: %s, ends with status %i", (severity, isForUsers, status) => {
  const result = check({ npm: audit(severity, isForUsers) });
  expect(result.status).toBe(status);
  if (status === 1) expect(result.stderr).toMatch(new RegExp(`bad <2.0.0 has a known fault of ${severity} severity`));
});

posix.each([
  ["refuses", `echo '{"message":"405 Method Not Allowed","error":{"summary":""}}'; exit 1`, /405 Method Not Allowed/],
  ["fails", "echo 'network down' >&2; exit 1", /network down/],
  ["dies", "kill -9 $$", /SKIPPED/],
])("a registry that %s is told of loudly, and does not fail the check", (_, npm, message) => {
  const { status, stderr } = check({ npm });
  expect(status).toBe(0);
  expect(stderr).toMatch(/\*\*\* SKIPPED: npm audit --omit=dev: the registry gave no report within 2 s/);
  expect(stderr).toMatch(message);
});

posix("a registry that never answers costs a limited time", () => {
  const began = Date.now();
  const { status, stderr } = check({ npm: "exec sleep 120" });
  expect([status, stderr.match(/SKIPPED/g)?.length]).toEqual([0, 2]);
  expect(Date.now() - began).toBeLessThan(30_000);
});

posix("the project's own lock file is in step, every package with its hash", () => {
  expect(run(root, REPORTS_NOTHING)).toMatchObject({ status: 0, stderr: "" });
});
