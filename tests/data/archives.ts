/** Builds small archives in memory for tests. */

/** One entry of an archive to build; a file with `text` unless it says otherwise. */
export interface TestEntry {
  readonly path: string;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  readonly type?: string;
  /** Written in the header in place of the true size. */
  readonly size?: number;
  readonly prefix?: string;
}

const BLOCK = 512;

/** A ustar archive with its two end blocks. */
export function tar(entries: readonly TestEntry[], endBlocks = 2): Uint8Array<ArrayBuffer> {
  const parts = entries.flatMap((entry) => {
    const content = entry.bytes ?? new TextEncoder().encode(entry.text ?? "");
    return [tarHeader(entry, content.length), content, new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return join([...parts, new Uint8Array(BLOCK * endBlocks)]);
}

/** One header, its checksum right. */
export function tarHeader(entry: TestEntry, length: number): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => header.set(new TextEncoder().encode(text), at);
  put(0, entry.path);
  put(100, "0000644\0");
  put(124, `${(entry.size ?? length).toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  put(156, entry.type ?? "0");
  put(257, "ustar\0" + "00");
  put(345, entry.prefix ?? "");
  return withChecksum(header);
}

/** The same header with its checksum made right. */
export function withChecksum(header: Uint8Array): Uint8Array {
  const fixed = Uint8Array.from(header).fill(32, 148, 156);
  const sum = fixed.reduce((total, byte) => total + byte, 0);
  fixed.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return fixed;
}

/** A pax record: its length counts itself. */
export function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  const bytes = new TextEncoder().encode(body).length;
  let length = bytes + 1;
  while (String(length).length + bytes !== length) length++;
  return `${length}${body}`;
}

/** gzip by the platform. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A stream that brings `bytes` in pieces of `size`. */
export function streamOf(bytes: Uint8Array, size = 1000): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** An archive laid out as Stanford's, with the given reviews by path below `aclImdb`. */
export function reviewArchive(reviews: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const files = Object.entries(reviews).map(([path, text]) => ({ path: `aclImdb/${path}`, text }));
  return tar([{ path: "aclImdb/", type: "5" }, ...files]);
}
