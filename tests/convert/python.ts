/**
 * Debian's Python with the packages that other libraries' files are checked by; the tests that need one skip loudly
 * without it.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PYTHON = "/usr/bin/python3";

/** Whether the system's Python can import a module; says on the terminal how to install it where it cannot. */
export function hasPython(module: string, debianPackage: string): boolean {
  try {
    execFileSync(PYTHON, ["-c", `import ${module}`], { stdio: "ignore" });
    return true;
  } catch {
    console.warn(`SKIPPED: ${PYTHON} cannot import ${module}; run apt-get install ${debianPackage}`);
    return false;
  }
}

/** Runs a program that prints JSON, in a folder that holds `files`. */
export function runPython(program: string, files: ReadonlyMap<string, Uint8Array | string>): unknown {
  const folder = mkdtempSync(join(tmpdir(), "sluice-python-"));
  try {
    for (const [name, content] of files) writeFileSync(join(folder, name), content);
    return JSON.parse(
      execFileSync(PYTHON, ["-c", program], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26, stdio: "pipe" }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
