/**
 * Writes THIRD_PARTY_NOTICES.txt for a bundle: the licence of every package and data set in it. Vite's own
 * `build.license` covers neither workers nor data.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Plugin } from "vite";

const FILE_NAME = "THIRD_PARTY_NOTICES.txt";
const LICENCE_FILE = /^(third-party-)?(licen[cs]e|copying|notice)\b/i;
const RULE = "=".repeat(80);

/** The Vite plugins of one build. */
export interface ThirdPartyNotices {
  /** The plugin of the build itself: writes the file. */
  readonly write: () => Plugin;
  /** The plugin of the build's workers, which Vite bundles first. */
  readonly collect: () => Plugin;
}

/** Creates the plugins. @param root the repository */
export function thirdPartyNotices(root: string): ThirdPartyNotices {
  /** Folders of the packages and data sets in the bundle. */
  const folders = new Set<string>();
  const collectFrom: Plugin["generateBundle"] = (_options, bundle) => {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue;
      for (const id of chunk.moduleIds) {
        const folder = folderOf(id, root);
        if (folder !== undefined) folders.add(folder);
      }
    }
  };
  return {
    collect: () => ({ name: "sluice:collect-notices", generateBundle: collectFrom }),
    write: () => ({
      name: "sluice:third-party-notices",
      generateBundle(options, bundle, isWrite) {
        collectFrom.call(this, options, bundle, isWrite);
        const notices = [...folders].map((folder) => noticeOf(folder, root));
        this.emitFile({ type: "asset", fileName: FILE_NAME, source: textOf(notices) });
      },
    }),
  };
}

interface Notice {
  readonly title: string;
  readonly text: string;
}

/** The package or data set that a module belongs to; undefined for Sluice's own modules. */
function folderOf(id: string, root: string): string | undefined {
  // Helpers that the bundler adds to its output are modules without a file.
  if (/^\0(rolldown\/|@oxc-project\+runtime@)/.test(id)) return join(root, "node_modules/rolldown");
  if (id.startsWith("\0")) return folderOf(id.slice(1), root);
  const path = id.replace(/\?.*$/, "");
  const inPackage = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path);
  if (inPackage !== null) return inPackage[0];
  const [top = "", name = ""] = relative(root, path).split(sep);
  return top === "data" ? join(root, top, name) : undefined;
}

function noticeOf(folder: string, root: string): Notice {
  const licences = readdirSync(folder).filter((name) => LICENCE_FILE.test(name));
  const texts = licences.map((name) => readFileSync(join(folder, name), "utf8").trim());
  if (!existsSync(join(folder, "package.json"))) return dataNotice(folder, root, texts);
  const { name, version, license, repository } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const title = `${name} ${version} (${license})`;
  if (texts.length > 0) return { title, text: texts.join("\n\n") };
  const about = `From ${repository?.url ?? name}. The package has no licence file; the text of the licence it names:`;
  return { title, text: [about, ...standardTexts(license, title, root)].join("\n\n") };
}

/** The texts of the licences in an SPDX expression. @throws Error when it names none that SPDX knows. */
function standardTexts(expression: unknown, title: string, root: string): readonly string[] {
  return String(expression)
    .split(/[\s()]+|AND|OR/)
    .filter((id) => id !== "")
    .map((id) => {
      const file = join(root, "node_modules/spdx-license-list/licenses", `${id}.json`);
      if (!existsSync(file)) throw new Error(`${title} is bundled, but has neither a licence file nor a known licence`);
      return JSON.parse(readFileSync(file, "utf8")).licenseText.trim();
    });
}

/** A data set is described by its section in data/README.md. */
function dataNotice(folder: string, root: string, texts: readonly string[]): Notice {
  const name = relative(join(root, "data"), folder);
  const [, section] = readFileSync(join(root, "data/README.md"), "utf8").split(`\n## ${name}\n`);
  if (section === undefined) throw new Error(`data/README.md has no section "${name}"`);
  const [about = ""] = section.split("\n## ");
  return { title: `data: ${name}`, text: [about.trim(), ...texts].join("\n\n") };
}

function textOf(notices: readonly Notice[]): string {
  const head = "Sluice is under the MIT licence. This build also has parts of others, on the terms below.";
  const sorted = notices.toSorted((a, b) => (a.title < b.title ? -1 : 1));
  return `${[head, ...sorted.map(({ title, text }) => `${RULE}\n${title}\n${RULE}\n\n${text}`)].join("\n\n")}\n`;
}
