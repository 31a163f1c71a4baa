/** Serves the source to a browser as Vite's dev server does for a user. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

/** A running server. */
export interface PageServer {
  /** Ends in `/`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Starts a dev server over the repository, on a free port of localhost (a secure context). */
export async function servePages(): Promise<PageServer> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const server = await createServer({
    root,
    configFile: false,
    logLevel: "error",
    appType: "mpa",
    // A page that reloads itself in the middle of its cases would report some twice.
    server: { port: 0, host: "localhost", hmr: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    // Kernels' tests run in the page too.
    resolve: { alias: [{ find: /^vitest$/, replacement: join(root, "tests/support/without_vitest.ts") }] },
    cacheDir: "node_modules/.vite-pages",
    build: { target: "es2023" },
  });
  await server.listen();
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error("Vite's dev server told no address");
  return { url, close: () => server.close() };
}
