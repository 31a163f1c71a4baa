/** A file server on localhost, which serves the built package and data to a browser. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** A running server. */
export interface StaticServer {
  /** `http://localhost:PORT/`, which browsers treat as a secure context. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * What is served, by URL path: a path that ends in `/` is a folder, any other is a file; a value with `body` is sent as
 * it is.
 */
export type Mounts = Readonly<Record<string, string | { readonly body: string; readonly type: string }>>;

/**
 * Serves `mounts` on a free port of localhost, to this machine only; `onRequest` is called with the path of each
 * request.
 *
 * @example
 * const server = await serveFiles({ "/": { body: page, type: "text/html" }, "/dist/": "/repo/dist" });
 */
export async function serveFiles(
  mounts: Mounts,
  { onRequest }: { readonly onRequest?: (pathname: string) => void } = {},
): Promise<StaticServer> {
  const server = createServer(async (request, response) => {
    try {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      onRequest?.(pathname);
      const found = resolvePath(mounts, pathname);
      if (typeof found === "object") {
        response.writeHead(200, { "content-type": found.type, "cache-control": "no-store" }).end(found.body);
        return;
      }
      const stats = found === undefined ? undefined : await stat(found).catch(() => undefined);
      if (found === undefined || !stats?.isFile()) {
        response.writeHead(404, { "content-type": "text/plain" }).end("not found");
        return;
      }
      response.writeHead(200, {
        "content-type": TYPES[extname(found)] ?? "application/octet-stream",
        "content-length": stats.size,
        "cache-control": "no-store",
      });
      if (request.method === "HEAD") response.end();
      else await pipeline(createReadStream(found), response);
    } catch {
      // The page was closed during a transfer, or the file could not be read completely.
      response.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "localhost", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The file or text for a URL path, by the longest matching mount. */
function resolvePath(mounts: Mounts, pathname: string): Mounts[string] | undefined {
  const exact = mounts[pathname];
  if (exact !== undefined && (typeof exact === "object" || !pathname.endsWith("/"))) return exact;
  const mount = Object.keys(mounts)
    .filter((path) => path.endsWith("/") && pathname.startsWith(path) && typeof mounts[path] === "string")
    .sort((a, b) => b.length - a.length)[0];
  if (mount === undefined) return undefined;
  const folder = mounts[mount] as string;
  const file = join(folder, decodeURIComponent(pathname.slice(mount.length)));
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? file : undefined;
}
