/**
 * Inflates a gzip stream with the platform's DecompressionStream, and distinguishes a damaged file from a failed
 * source.
 */
import { FormatError } from "../core/errors.ts";

/** An inflating stream and its state. */
export interface Gunzip {
  readonly stream: ReadableStream<Uint8Array>;
  /** Bytes of the compressed source read so far. */
  readonly compressedBytes: () => number;
  /** The error of the source, if it failed: a disk or network error, not a format error. */
  readonly sourceError: () => { readonly cause: unknown } | undefined;
  /** Removes the listener from the signal. */
  readonly release: () => void;
  /**
   * Call it at the end of the stream: checks the length that the trailer declares. Runtimes differ in what they accept
   * after the first gzip member; this rejects anything after it.
   * @throws FormatError if it differs from `inflatedBytes`.
   */
  readonly checkTrailer: (inflatedBytes: number) => void;
}

/**
 * Inflates `source`; a source that is not gzip is passed through, because servers often inflate a `.gz` themselves.
 *
 * @example
 * const gunzip = await inflate(source, "archive.tar.gz");
 * for await (const chunk of gunzip.stream) …
 */
export async function inflate(
  source: ReadableStream<Uint8Array>,
  name: string,
  options: { readonly onBytes?: ((total: number) => void) | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Gunzip> {
  const { onBytes = () => undefined, signal } = options;
  const reader = source.getReader();
  // Ends a read that waits for a stalled source. The reader sees an early end and checks the signal.
  const cancel = (): void => void reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener("abort", cancel, { once: true });
  let compressedBytes = 0;
  let sourceError: { readonly cause: unknown } | undefined;
  let tail = new Uint8Array(0);
  const next = async (): Promise<Uint8Array | undefined> => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        if (value.length === 0) continue;
        compressedBytes += value.length;
        onBytes(compressedBytes);
        tail = lastBytes(tail, value);
        return value;
      }
    } catch (cause) {
      sourceError = { cause };
      throw cause;
    }
  };
  let head = (await next()) ?? new Uint8Array(0);
  while (head.length < 2) {
    const more = await next();
    if (more === undefined) break;
    head = concat(head, more);
  }
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const replay = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = head.length > 0 ? head : await next();
        head = new Uint8Array(0);
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return {
    stream: isGzip ? pipeInflated(replay) : replay,
    compressedBytes: () => compressedBytes,
    sourceError: () => sourceError,
    release: () => signal?.removeEventListener("abort", cancel),
    checkTrailer(inflatedBytes) {
      if (!isGzip) return;
      const declared = new DataView(tail.buffer, tail.byteOffset).getUint32(tail.length - 4, true);
      if (declared === inflatedBytes % 2 ** 32) return;
      throw new FormatError(
        `${name}: the gzip trailer declares ${declared} bytes, but ${inflatedBytes} came out; expected one gzip ` +
          "member and nothing after it; get the file again",
        { declared, inflatedBytes },
      );
    },
  };
}

function pipeInflated(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const gzip = new DecompressionStream("gzip") as unknown as TransformStream<Uint8Array, Uint8Array>;
  return source.pipeThrough(gzip);
}

function lastBytes(tail: Uint8Array, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  return (chunk.length >= 8 ? chunk : concat(tail, chunk)).slice(-8);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
