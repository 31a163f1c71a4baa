/** SHA-256 by the platform's own Web Crypto. */
import { SluiceError } from "../core/errors.ts";
import { ownMemory } from "../core/own_memory.ts";

/**
 * The SHA-256 of `bytes`, as 64 hex digits.
 * @throws SluiceError if Web Crypto is unavailable: on a page not served over https or from localhost.
 *
 * @example
 * await sha256Hex(new Uint8Array()); // "e3b0c442…b855"
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle === undefined) {
    throw new SluiceError(
      "sha256Hex: this page has no Web Crypto; serve it over https or from localhost, as WebGPU needs too",
    );
  }
  const digest = await subtle.digest("SHA-256", ownMemory(bytes, "sha256Hex"));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
