/** The libraries to compare with. Each is a development dependency, loaded only on request. */
import { loadEdgevec } from "./edgevec.ts";
import { loadJax } from "./jax.ts";
import type { Peer } from "./peer.ts";
import { loadTfjs } from "./tfjs.ts";

/** Loaders of the libraries, by name. */
export const PEER_LOADERS: Readonly<Record<string, () => Promise<Peer>>> = {
  tfjs: loadTfjs,
  "jax-js": loadJax,
  edgevec: loadEdgevec,
};

/**
 * Loads the libraries that this runtime can run.
 * @param onMissing called with the name of a library that cannot be loaded, and the reason.
 */
export async function loadPeers(onMissing: (name: string, reason: string) => void): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const [name, load] of Object.entries(PEER_LOADERS)) {
    try {
      peers.push(await load());
    } catch (error) {
      onMissing(name, error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    }
  }
  return peers;
}
