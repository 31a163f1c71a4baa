/** The package as a user has it: packed, and installed into a project of its own, without any install script. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** A project with Sluice installed. */
export interface Installed {
  /** The project's folder; the caller removes it. */
  readonly home: string;
  /** Paths in the tarball, sorted. */
  readonly packed: readonly string[];
}

/** Packs dist/ and installs the tarball into a new folder. @throws Error when dist/ was not built. */
export async function installPackage(): Promise<Installed> {
  if (!existsSync(join(root, "dist/index.js")))
    throw new Error("dist/ is missing: run `npm test`, or `npm run build` first");
  const home = mkdtempSync(join(tmpdir(), "sluice-package-"));
  // `prepack` would build once more.
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", home];
  const { stdout } = await run("npm", pack, { cwd: root, maxBuffer: 1 << 26 });
  const result: unknown = JSON.parse(stdout);
  // npm 10 lists packages, npm 11 may key them by name.
  const [{ filename, files }] = Object.values(result as object) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const install = ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"];
  await run("npm", [...install, "--legacy-peer-deps", join(home, filename)], { cwd: home });
  // The optional peer, as a user of Node would have installed it.
  for (const name of ["webgpu", "debug", "ms", "@webgpu"]) {
    if (existsSync(join(root, "node_modules", name)))
      symlinkSync(join(root, "node_modules", name), join(home, "node_modules", name));
  }
  return { home, packed: files.map(({ path }) => path).sort() };
}
