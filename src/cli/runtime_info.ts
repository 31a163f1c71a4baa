/** Detects the runtime. This file works in all of them. */

/** The runtimes that Sluice runs in. */
export const RUNTIMES = ["node", "deno", "chromium", "firefox"] as const;

/** A runtime's name. */
export type RuntimeName = (typeof RUNTIMES)[number];

/** A runtime and its version. */
export interface RuntimeInfo {
  readonly name: string;
  readonly version: string;
}

interface Globals {
  readonly Deno?: { readonly version: { readonly deno: string } };
  readonly process?: { readonly versions?: { readonly node?: string } };
}

/** The current runtime. Deno also has `process`, so it is checked first. */
export function thisRuntime(): RuntimeInfo {
  const { Deno, process } = globalThis as unknown as Globals;
  if (Deno !== undefined) return { name: "deno", version: Deno.version.deno };
  const node = process?.versions?.node;
  if (node !== undefined) return { name: "node", version: node };
  const agent = navigator.userAgent;
  const firefox = /Firefox\/([\d.]+)/.exec(agent)?.[1];
  if (firefox !== undefined) return { name: "firefox", version: firefox };
  return { name: "chromium", version: /Chrome\/([\d.]+)/.exec(agent)?.[1] ?? "unknown" };
}
