/**
 * Vitest's global set-up: a place for the built page, which the first test that opens it fills and all others share.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** An empty folder at first; whoever builds the page into it does so whole. */
    readonly demoFolder: string;
  }
}

let folder: string;

export async function setup({ provide }: TestProject): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  provide("demoFolder", folder);
}

export async function teardown(): Promise<void> {
  await rm(folder, { recursive: true });
}
