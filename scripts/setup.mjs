// Checks for what npm cannot install: a Vulkan driver for Node and Deno, and browsers for the tests. On Debian as root
// it installs what is missing; elsewhere it prints the command to run. Prints nothing if nothing is missing.
//
//   node scripts/setup.mjs            a Vulkan driver
//   node scripts/setup.mjs --chromium --firefox    browsers too
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const browsers = JSON.parse(readFileSync(new URL("../src/cli/browsers.json", import.meta.url), "utf8"));

const VULKAN_PACKAGES = {
  "apt-get": ["mesa-vulkan-drivers", "libvulkan1"],
  dnf: ["mesa-vulkan-drivers", "vulkan-loader"],
  pacman: ["vulkan-swrast", "vulkan-icd-loader"],
  apk: ["mesa-vulkan-swrast", "vulkan-loader"],
  zypper: ["libvulkan_lvp", "libvulkan1"],
};
const INSTALL = {
  "apt-get": "apt-get install -y",
  dnf: "dnf install -y",
  pacman: "pacman -S",
  apk: "apk add",
  zypper: "zypper install -y",
};

/** Installs a Vulkan driver and the named browsers, or throws an Error that says what to run. */
export async function setup({ chromium = false, firefox = false } = {}) {
  const packages = [];
  const hints = [];
  if (process.platform === "linux" && !hasVulkan()) {
    const manager = Object.keys(VULKAN_PACKAGES).find((name) => findInPath(name)) ?? "apt-get";
    packages.push(...VULKAN_PACKAGES[manager]);
    hints.push(`a Vulkan driver: run \`${sudo()}${INSTALL[manager]} ${VULKAN_PACKAGES[manager].join(" ")}\``);
  }
  for (const name of [chromium && "chromium", firefox && "firefox"].filter(Boolean)) {
    if (await findBrowser(name)) continue;
    packages.push(browsers[name].package);
    hints.push(`a browser (${name}): run \`npx puppeteer browsers install ${browsers[name].puppeteer}\``);
  }
  if (packages.length === 0) return;
  if (process.platform === "linux" && process.getuid?.() === 0 && findInPath("apt-get")) {
    console.log(`sluice: installing from Debian's packages: ${packages.join(" ")}`);
    apt("update", "-qq");
    apt("install", "-y", "-qq", "--no-install-recommends", ...packages);
    console.log("sluice: installed.");
    return;
  }
  throw new Error(`Something is missing on this machine.\n${hints.map((hint) => `  - ${hint}`).join("\n")}`);
}

/**
 * True if the Vulkan loader and a driver are installed and, if there are only GPU drivers, one of them finds its GPU.
 */
function hasVulkan() {
  if (!hasLibrary("libvulkan.so.1")) return false;
  const drivers = icdFiles().filter(isUsable);
  if (drivers.some((file) => /lvp|lavapipe|swiftshader/.test(file))) return true;
  return drivers.length > 0 && findsAdapter();
}

function icdFiles() {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named) return named.split(delimiter).filter((file) => existsSync(file));
  const roots = [
    process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config"),
    process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share"),
    ...(process.env.XDG_DATA_DIRS ?? "").split(delimiter).filter(Boolean),
    "/etc",
    "/usr/local/etc",
    "/usr/local/share",
    "/usr/share",
  ];
  return roots.flatMap((root) => {
    const folder = join(root, "vulkan/icd.d");
    return existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith(".json"))
          .map((name) => join(folder, name))
      : [];
  });
}

/** A driver's file names its library: by bare name, by absolute path, or beside the file. */
function isUsable(file) {
  try {
    const library = JSON.parse(readFileSync(file, "utf8")).ICD.library_path;
    return library.includes("/") ? existsSync(resolve(dirname(file), library)) : hasLibrary(library);
  } catch {
    return false;
  }
}

function hasLibrary(name) {
  const folders = (process.env.LD_LIBRARY_PATH ?? "").split(delimiter).filter(Boolean);
  for (const root of ["/usr/lib", "/lib", "/usr/local/lib", "/usr/lib64", "/lib64"]) {
    if (!existsSync(root)) continue;
    folders.push(
      root,
      ...readdirSync(root)
        .filter((entry) => entry.includes("-linux-"))
        .map((entry) => join(root, entry)),
    );
  }
  if (folders.some((folder) => existsSync(join(folder, name)))) return true;
  return (spawnSync("ldconfig", ["-p"], { encoding: "utf8" }).stdout ?? "").includes(`\t${name} `);
}

/** Asks Dawn for an adapter in a separate process, because Dawn needs process.exit. */
function findsAdapter() {
  const program = `import { create } from "webgpu"; const gpu = create([]);
      process.exit((await gpu.requestAdapter()) ? 0 : 1);`;
  const root = new URL("..", import.meta.url);
  return (
    spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root, stdio: "ignore" }).status === 0
  );
}

/** Finds the browser: PUPPETEER_EXECUTABLE_PATH (Chromium), the system's usual paths, or puppeteer's cache. */
async function findBrowser(name) {
  const named = name === "chromium" ? process.env.PUPPETEER_EXECUTABLE_PATH : undefined;
  if (named && existsSync(named)) return named;
  const path = (browsers[name].paths[process.platform] ?? []).find((candidate) => existsSync(candidate));
  if (path) return path;
  try {
    const { default: puppeteer } = await import("puppeteer");
    const cached = puppeteer.executablePath({ browser: browsers[name].puppeteer });
    return existsSync(cached) ? cached : undefined;
  } catch {
    return undefined;
  }
}

function findInPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function sudo() {
  return process.getuid?.() === 0 ? "" : "sudo ";
}

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    // The output of apt-get is shown only if the installation fails.
    execFileSync("apt-get", args, { env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", maxBuffer: 1 << 28 });
  } catch (error) {
    throw new Error(`\`apt-get ${args.join(" ")}\` failed:\n${error.stdout ?? ""}${error.stderr ?? ""}`, {
      cause: error,
    });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await setup({ chromium: process.argv.includes("--chromium"), firefox: process.argv.includes("--firefox") });
  } catch (error) {
    console.error(`sluice: ${error.message}`);
    process.exit(1);
  }
}
