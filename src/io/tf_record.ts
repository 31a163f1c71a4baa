/** TFRecord files: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details */
import { crc32c } from "./crc32c.ts";

const MASK_DELTA = 0xa282ead8;
/** The sizes of the header (length and its checksum) and the trailer (the data's checksum). */
const HEAD = 12;
const TAIL = 4;

/** A record: its length (8 bytes), the length's checksum, the data, and the data's checksum; little-endian. */
export function tfRecord(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(HEAD + data.length + TAIL);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedChecksum(record.subarray(0, 8)), true);
  record.set(data, HEAD);
  view.setUint32(HEAD + data.length, maskedChecksum(data), true);
  return record;
}

/** The rotated and shifted checksum that the format requires, because data may itself contain checksums. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
