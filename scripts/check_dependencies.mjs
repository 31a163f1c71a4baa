// Checks the project's dependencies; `.ci/run` calls it.
//
//   node scripts/check_dependencies.mjs [--audit-seconds 20]     in the project's folder
//
// - package-lock.json matches package.json: the same dependencies, with the pinned versions.
// - Every package in it comes from the same registry, over https, with a SHA-512.
// - `npm audit` reports no vulnerability in dependencies of users, and none of high severity in those of developers. If
//   the registry sends no report within 20 s, this check is skipped with a warning.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { "audit-seconds": { type: "string", default: "20" } } });
const auditSeconds = Number(values["audit-seconds"]);
const KINDS = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
const SEVERITIES = ["info", "low", "moderate", "high", "critical"];

const [manifest, lock] = ["package.json", "package-lock.json"].map((name) => JSON.parse(readFileSync(name, "utf8")));
const packages = Object.entries(lock.packages ?? {}).filter(([path]) => path !== "");
const faults = [...stepFaults(), ...originFaults(), ...audited("low", ["--omit=dev"]), ...audited("high", [])];
for (const fault of faults) console.error(`check_dependencies: ${fault}`);
if (faults.length === 0) console.log(`${packages.length} packages in the lock file, each as package.json asks for it`);
process.exit(faults.length === 0 ? 0 : 1);

/** Lists the differences between the lock file and package.json. */
function stepFaults() {
  const advice = "run `npm install --package-lock-only` and read what changed";
  if (lock.lockfileVersion !== 3) return [`package-lock.json is of version ${lock.lockfileVersion}; expected 3`];
  const root = lock.packages[""] ?? {};
  return KINDS.flatMap((kind) => {
    const [asked, locked] = [manifest[kind] ?? {}, root[kind] ?? {}];
    const names = [...new Set([...Object.keys(asked), ...Object.keys(locked)])];
    return names.flatMap((name) => {
      if (asked[name] !== locked[name]) {
        return [`${kind}: ${name} is ${asked[name]} in package.json and ${locked[name]} in the lock file; ${advice}`];
      }
      const version = lock.packages[`node_modules/${name}`]?.version;
      const isPinned = /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(asked[name]);
      if (!isPinned || version === asked[name]) return [];
      return [`${kind}: ${name} is pinned to ${asked[name]}, the lock file has ${version ?? "none"}; ${advice}`];
    });
  });
}

/** Lists packages that do not come from a registry, or have no hash. */
function originFaults() {
  const hosts = new Map();
  const found = packages.flatMap(([path, { link, inBundle, integrity, resolved, version }]) => {
    // A folder of this repository, or part of a package that has a hash.
    if (link === true || inBundle === true) return [];
    if (!path.includes("node_modules/")) return [];
    const wrong = [];
    if (!/^sha512-[\w+/]{86}==$/.test(integrity ?? "")) {
      wrong.push(`${path} has the integrity ${integrity ?? "none"}; expected a SHA-512`);
    }
    if (!/^\d+\.\d+\.\d+/.test(version ?? "")) wrong.push(`${path} has the version ${version}; expected numbers`);
    if (resolved === undefined) return wrong;
    const url = URL.canParse(resolved) ? new URL(resolved) : undefined;
    if (url?.protocol !== "https:")
      return [...wrong, `${path} comes from ${resolved}; expected a registry, over https`];
    hosts.set(url.host, [...(hosts.get(url.host) ?? []), path]);
    return wrong;
  });
  const [, ...others] = [...hosts].sort(([, a], [, b]) => b.length - a.length);
  const foreign = others.flatMap(([host, paths]) => paths.map((path) => `${path} comes from ${host}, the rest do not`));
  return [...found, ...foreign];
}

/** Reports known vulnerabilities of at least this severity. */
function audited(least, options) {
  const what = `npm audit${options.map((option) => ` ${option}`).join("")}`;
  const args = ["audit", "--json", ...options, "--fetch-retries=0"];
  const limits = { timeout: auditSeconds * 1000, maxBuffer: 2 ** 28 };
  const { stdout, stderr, error } = spawnSync("npm", args, { encoding: "utf8", ...limits });
  const report = parsed(stdout);
  if (report?.vulnerabilities === undefined || report.metadata === undefined) {
    const reason = error?.message || report?.error?.summary || report?.message || String(stderr).trim().slice(0, 200);
    console.warn(`\n*** SKIPPED: ${what}: the registry gave no report within ${auditSeconds} s (${reason}) ***\n`);
    return [];
  }
  return Object.entries(report.vulnerabilities)
    .filter(([, { severity }]) => SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least))
    .map(([name, { severity, range }]) => `${what}: ${name} ${range ?? ""} has a known fault of ${severity} severity`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
