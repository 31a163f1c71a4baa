/**
 * Reads event files independently of the code that writes them: TFRecord's framing with the CRC-32C of crc-32, messages
 * by protobufjs from their published definitions.
 */
import { fileURLToPath } from "node:url";
import crc32c from "crc-32/crc32c.js";
import protobuf from "protobufjs";

const root = protobuf.loadSync(fileURLToPath(new URL("event.proto", import.meta.url)));
const Event = root.lookupType("tensorflow.Event");

/** A value of an event. */
export interface ReadValue {
  readonly tag: string;
  readonly plugin: string;
  readonly dataClass: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly numbers: readonly number[];
}

/** An event as a test looks at it. */
export interface ReadEvent {
  readonly seconds: number;
  readonly step: number;
  readonly version?: string;
  readonly status?: string;
  readonly values: readonly ReadValue[];
}

/** As the format says: rotated right by 15 bits, and a constant added. */
function masked(bytes: Uint8Array): number {
  const crc = BigInt(crc32c.buf(bytes) >>> 0);
  const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn;
  return Number((rotated + 0xa282ead8n) & 0xffffffffn);
}

/** The records of a file, up to its end or to a record that is cut off. @throws Error for a wrong checksum. */
export function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getUint32(at + 8, true) !== masked(bytes.subarray(at, at + 8))) throw new Error("wrong checksum: length");
    const end = at + 12 + length;
    if (end + 4 > bytes.length) break;
    const data = bytes.subarray(at + 12, end);
    if (view.getUint32(end, true) !== masked(data)) throw new Error("wrong checksum: data");
    records.push(data);
    at = end + 4;
  }
  return records;
}

interface Decoded {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly sessionLog?: { readonly status: string };
  readonly summary?: {
    readonly value: readonly {
      readonly tag: string;
      readonly metadata: { readonly pluginData: { readonly pluginName: string }; readonly dataClass: string };
      readonly tensor: {
        readonly dtype: string;
        readonly tensorShape: { readonly dim?: readonly { readonly size: number }[] };
        readonly tensorContent: Uint8Array;
      };
    }[];
  };
}

/** The events of a file. */
export function eventsOf(bytes: Uint8Array): ReadEvent[] {
  return recordsOf(bytes).map((record) => {
    const decoded = Event.toObject(Event.decode(record), { longs: Number, enums: String, defaults: false }) as Decoded;
    return {
      seconds: decoded.wallTime,
      step: decoded.step ?? 0,
      ...(decoded.fileVersion !== undefined && { version: decoded.fileVersion }),
      ...(decoded.sessionLog !== undefined && { status: decoded.sessionLog.status }),
      values: (decoded.summary?.value ?? []).map(({ tag, metadata, tensor }) => ({
        tag,
        plugin: metadata.pluginData.pluginName,
        dataClass: metadata.dataClass,
        dtype: tensor.dtype,
        shape: (tensor.tensorShape.dim ?? []).map(({ size }) => size),
        numbers: numbersOf(tensor.dtype, Uint8Array.from(tensor.tensorContent)),
      })),
    };
  });
}

function numbersOf(dtype: string, { buffer }: Uint8Array<ArrayBuffer>): number[] {
  return Array.from(dtype === "DT_DOUBLE" ? new Float64Array(buffer) : new Float32Array(buffer));
}
