/** The lines of a stream of bytes, one at a time. */
import { FormatError } from "../core/errors.ts";
import { raceAbort } from "../core/race.ts";

/**
 * Yields lines without their line end (LF or CRLF). The last line may lack a line end; an empty last line is ignored.
 * @throws FormatError for a line of more than `maxBytes`, before more of it is read; AbortError when `signal` aborts.
 */
export async function* byteLines(
  stream: ReadableStream<Uint8Array>,
  name: string,
  maxBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let kept: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (length > maxBytes) {
      throw new FormatError(
        `${name}: line ${number} has more than ${maxBytes} bytes (maxLineBytes); it does not contain word vectors, ` +
          "or the limit is too small",
        { line: number, maxLineBytes: maxBytes },
      );
    }
    if (part.length > 0) kept.push(part);
  };
  const take = (): Uint8Array => {
    const line = kept.length === 1 ? (kept[0] as Uint8Array) : joined(kept, length);
    [kept, length] = [[], 0];
    number++;
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  };
  try {
    const next = () => raceAbort(reader.read(), signal);
    for (let read = await next(); !read.done; read = await next()) {
      const chunk = read.value;
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        keep(chunk.subarray(start, end));
        start = end + 1;
        yield take();
      }
      keep(chunk.subarray(start));
    }
    if (length > 0) yield take();
  } finally {
    await raceAbort(reader.cancel(), signal).catch(() => undefined);
  }
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
