/**
 * Writes Protocol Buffers: the wire types that ONNX and event files need.
 * https://protobuf.dev/programming-guides/encoding/
 */

const encoder = new TextEncoder();

/** A message under construction; fields appear in the order in which they are written. */
export class Message {
  readonly #parts: Uint8Array[] = [];

  /** An integer; negative ones are ten bytes in two's complement. */
  int(field: number, value: number): this {
    return this.#push(varint(field << 3), varint(value));
  }

  /** A float64. */
  double(field: number, value: number): this {
    return this.#push(varint((field << 3) | 1), new Uint8Array(Float64Array.of(value).buffer));
  }

  /** A float32. */
  float(field: number, value: number): this {
    return this.#push(varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer));
  }

  /** Bytes, a string or another message. */
  bytes(field: number, value: Uint8Array | string | Message): this {
    const bytes = typeof value === "string" ? encoder.encode(value) : value instanceof Message ? value.finish() : value;
    return this.#push(varint((field << 3) | 2), varint(bytes.length), bytes);
  }

  /** The message's bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #push(...parts: readonly Uint8Array[]): this {
    this.#parts.push(...parts);
    return this;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
