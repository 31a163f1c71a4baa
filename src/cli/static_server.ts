/** A file server on localhost, which serves the built package and data to a browser. */
import { constants, open, realpath } from "node:fs/promises";
import { createServer, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
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
 * What is served, by URL path: a path that ends in `/` is a folder, any other is a file; a value with `body` is sent
 * unchanged.
 */
export type Mounts = Readonly<Record<string, string | { readonly body: string; readonly type: string }>>;

/**
 * Serves `mounts` on a free port of localhost, to this machine only; `onRequest` is called with the path of each valid
 * request.
 *
 * - Only requests to localhost by its own names are answered: with DNS rebinding, a foreign page's requests arrive
 *   under the page's own name (421).
 * - GET and HEAD only (405). Malformed paths and paths that lead out of the root are rejected (400).
 * - A folder serves its regular files, except links out of it and names that begin with a dot (404).
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
      const { port } = server.address() as AddressInfo;
      const path = pathOf(request.url ?? "");
      if (!NAMES.some((name) => request.headers.host === `${name}:${port}`)) {
        refuse(response, 421, `this server answers to localhost:${port} only`);
      } else if (request.method !== "GET" && request.method !== "HEAD") {
        refuse(response, 405, "this server answers GET and HEAD only", { allow: "GET, HEAD" });
      } else if (path === undefined) {
        refuse(response, 400, "the path is malformed");
      } else {
        onRequest?.(path);
        await answer(response, mounts, path, request.method === "HEAD");
      }
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

/** The names by which this machine addresses itself. */
const NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** Sent with every response: browsers must not guess the type or cache the response. */
const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

function refuse(response: ServerResponse, status: number, reason: string, headers: OutgoingHttpHeaders = {}): void {
  // Node omits the body of a response to HEAD.
  response.writeHead(status, { ...HEADERS, ...headers, "content-type": "text/plain; charset=utf-8" }).end(reason);
}

/** The decoded path of a request's target; undefined if it is malformed or leads out of the root. */
function pathOf(target: string): string | undefined {
  const [raw = ""] = target.split(/[?#]/, 1);
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return undefined;
  }
  const isClean = path.startsWith("/") && !/[\0\\]/.test(path) && !path.split("/").includes("..");
  return isClean ? path : undefined;
}

async function answer(response: ServerResponse, mounts: Mounts, path: string, isHead: boolean): Promise<void> {
  const found = await resolvePath(mounts, path);
  if (typeof found === "object") {
    const body = Buffer.from(found.body);
    response.writeHead(200, { ...HEADERS, "content-type": found.type, "content-length": body.length }).end(body);
    return;
  }
  const handle = found === undefined ? undefined : await open(found, OPEN_FLAGS).catch(() => undefined);
  try {
    const stats = await handle?.stat();
    if (found === undefined || handle === undefined || !stats?.isFile()) return refuse(response, 404, "not found");
    response.writeHead(200, {
      ...HEADERS,
      "content-type": TYPES[extname(found)] ?? "application/octet-stream",
      "content-length": stats.size,
    });
    if (isHead || stats.size === 0) response.end();
    // Not more than the announced length, in case the file grows.
    else await pipeline(handle.createReadStream({ end: stats.size - 1, autoClose: false }), response);
  } finally {
    await handle?.close();
  }
}

/** Opening must not wait for a pipe's writer, nor follow a link that replaced the file. Windows has neither flag. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Resolves a URL path to its contents or to the file's real path, by the longest matching mount. */
async function resolvePath(mounts: Mounts, path: string): Promise<Mounts[string] | undefined> {
  const exact = mounts[path];
  if (typeof exact === "object") return exact;
  if (exact !== undefined && !path.endsWith("/")) return realpath(exact).catch(() => undefined);
  const mount = Object.keys(mounts)
    .filter((each) => each.endsWith("/") && path.startsWith(each) && typeof mounts[each] === "string")
    .sort((a, b) => b.length - a.length)[0];
  const folder = mount === undefined ? undefined : mounts[mount];
  if (mount === undefined || typeof folder !== "string") return undefined;
  const inner = path.slice(mount.length);
  if (inner.split("/").some((name) => name.startsWith("."))) return undefined;
  try {
    const [root, file] = [await realpath(folder), await realpath(join(folder, inner))];
    return file.startsWith(root.endsWith(sep) ? root : root + sep) ? file : undefined;
  } catch {
    return undefined;
  }
}
