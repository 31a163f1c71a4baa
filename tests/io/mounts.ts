/** File systems of a test's own, which only root on Linux may mount. */
import { execFileSync } from "node:child_process";

/** Mounts an empty file system in memory at a folder; false where that is not allowed. */
export function mountMemory(at: string, size = "2m"): boolean {
  if (process.platform !== "linux") return false;
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** From now on nothing can be written to it. */
export function makeReadOnly(at: string): void {
  execFileSync("mount", ["-o", "remount,ro", at], { stdio: "ignore" });
}

/** Takes it away. */
export function unmount(at: string): void {
  execFileSync("umount", [at]);
}
