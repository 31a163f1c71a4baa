/**
 * TensorBoard's event files: records of the protobuf message Event
 * (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto), as tf.summary writes them.
 */
import type { HostData } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";
import { Message } from "../../io/protobuf.ts";
import { tfRecord } from "../../io/tf_record.ts";

/** Adds bytes to the end of a file. */
export type Append = (path: string, bytes: Uint8Array) => Promise<void>;

/** A tagged value: a field of the message Summary. */
export type SummaryValue = Message;

/** DT_FLOAT and DT_DOUBLE of tensorflow/core/framework/types.proto. */
const FLOAT = 1;
const DOUBLE = 2;
/** DATA_CLASS_SCALAR and DATA_CLASS_TENSOR of tensorflow/core/framework/summary.proto. */
const SCALAR_CLASS = 1;
const TENSOR_CLASS = 2;
/** SessionLog.START of event.proto. */
const START = 1;
/** The number of histogram buckets, as in tf.summary.histogram. */
const BUCKETS = 30;

/** An event file, created when the first event is written. */
export class EventFile {
  readonly #path: string;
  readonly #append: Append;
  #isBegun = false;
  #hasGoneBack = false;

  /** @param directory the file's directory; the file name contains the time, so that later files sort last. */
  constructor(directory: string, append: Append) {
    const now = Date.now();
    const [seconds, milliseconds] = [Math.floor(now / 1000), now % 1000].map(String);
    const time = `${seconds?.padStart(10, "0")}.sluice.${milliseconds?.padStart(3, "0")}`;
    this.#path = `${directory}/events.out.tfevents.${time}.${crypto.randomUUID().slice(0, 8)}.v2`;
    this.#append = append;
  }

  /** Marks that the next steps may already have been written, to this file or an earlier one. */
  goBack(): void {
    this.#hasGoneBack = true;
  }

  /** Appends values as one event of a step; resolves once it is in the file. */
  async write(step: number, values: readonly SummaryValue[]): Promise<void> {
    if (values.length === 0) return;
    const summary = new Message();
    for (const value of values) summary.bytes(1, value);
    const events = [
      ...(this.#isBegun ? [] : [event(0).bytes(3, "brain.Event:2")]),
      // Makes TensorBoard discard what it has read for this and later steps.
      ...(this.#hasGoneBack ? [event(step).bytes(7, new Message().int(1, START))] : []),
      event(step).bytes(5, summary),
    ];
    this.#isBegun = true;
    this.#hasGoneBack = false;
    await this.#append(this.#path, joined(events.map((each) => tfRecord(each.finish()))));
  }
}

function event(step: number): Message {
  return new Message().double(1, Date.now() / 1000).int(2, step);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** A scalar in the format of tf.summary.scalar. */
export function scalarSummary(tag: string, value: number): SummaryValue {
  const tensor = tensorMessage(FLOAT, [], new Uint8Array(Float32Array.of(value).buffer));
  return summaryValue(tag, "scalars", SCALAR_CLASS, tensor);
}

/** A histogram in the format of tf.summary.histogram: `[30, 3]`, left edge, right edge and count of each bucket. */
export function histogramSummary(tag: string, data: HostData): SummaryValue {
  const buckets = Float64Array.from(bucketsOf(data).flat());
  const tensor = tensorMessage(DOUBLE, [BUCKETS, 3], new Uint8Array(buckets.buffer));
  return summaryValue(tag, "histograms", TENSOR_CLASS, tensor);
}

function summaryValue(tag: string, plugin: string, dataClass: number, tensor: Message): Message {
  const metadata = new Message().bytes(1, new Message().bytes(1, plugin)).int(4, dataClass);
  return new Message().bytes(1, tag).bytes(8, tensor).bytes(9, metadata);
}

function tensorMessage(dtype: number, shape: Shape, content: Uint8Array): Message {
  const sizes = new Message();
  for (const size of shape) sizes.bytes(2, new Message().int(1, size));
  return new Message().int(1, dtype).bytes(2, sizes).bytes(4, content);
}

type Bucket = readonly [left: number, right: number, count: number];

/** Buckets of equal width from the smallest to the largest number; if all are equal, they are in the last bucket. */
function bucketsOf(data: HostData): readonly Bucket[] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const places = Array.from({ length: BUCKETS }, (_, index) => index);
  if (data.length === 0) return places.map(() => [0, 0, 0]);
  if (least === most) return places.map((index) => [least, most, index === BUCKETS - 1 ? data.length : 0]);
  const counts = new Float64Array(BUCKETS);
  for (const value of data) {
    const place = Math.min(BUCKETS - 1, Math.floor(((value - least) / (most - least)) * BUCKETS));
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const edge = (index: number) => (index === BUCKETS ? most : least + ((most - least) * index) / BUCKETS);
  return places.map((index) => [edge(index), edge(index + 1), counts[index] ?? 0]);
}
