/** An ONNX graph under construction. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
import type { NdArray } from "../../core/nd_array.ts";
import type { Shape } from "../../core/shape.ts";
import { Message } from "../../io/protobuf.ts";

/** The operator set of the graphs, which ONNX Runtime 1.12 and later supports. */
const OPSET = 17;
const IR_VERSION = 8;

/** Codes of `TensorProto.DataType`. */
const DTYPE = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
/** Codes of `AttributeProto.AttributeType`. */
const ATTRIBUTE = { float: 1, int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;

/** The name of a value in the graph. */
export type Name = string;

/** A node's attribute: an integer, a string, a list, or `{ float }`. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

/** Names nodes and values, and writes them all at the end. */
export class OnnxGraph {
  readonly #nodes: Message[] = [];
  readonly #initializers: Message[] = [];
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #constants = new Map<string, Name>();
  #count = 0;

  /** Adds a node with one output and returns the output's name. */
  node(type: string, inputs: readonly Name[], attributes: Readonly<Record<string, Attribute>> = {}): Name {
    return this.nodes(type, inputs, 1, attributes)[0] as Name;
  }

  /** Adds a node with several outputs. An empty name stands for an omitted input. */
  nodes(
    type: string,
    inputs: readonly Name[],
    outputs: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Name[] {
    const name = this.#fresh(type);
    const names = Array.from({ length: outputs }, (_, index) => (index === 0 ? name : `${name}:${index}`));
    const node = new Message();
    for (const input of inputs) node.bytes(1, input);
    for (const output of names) node.bytes(2, output);
    node.bytes(3, name).bytes(4, type);
    for (const [key, value] of Object.entries(attributes)) node.bytes(5, attribute(key, value));
    this.#nodes.push(node);
    return names;
  }

  /** Adds a weight. */
  weight(name: string, { shape, data }: NdArray): Name {
    const unique = this.#fresh(name);
    this.#initializers.push(tensor(unique, shape, data instanceof Float32Array ? "float32" : "int32", data));
    return unique;
  }

  /** Adds integers as an int64 vector: axes, shapes, starts. */
  ints(...values: readonly number[]): Name {
    return this.#constant("ints", [values.length], "int64", BigInt64Array.from(values, BigInt));
  }

  /** Adds an int64 scalar. */
  int(value: number): Name {
    return this.#constant("int", [], "int64", BigInt64Array.of(BigInt(value)));
  }

  /** Adds a float32 scalar. */
  scalar(value: number): Name {
    return this.#constant("scalar", [], "float32", Float32Array.of(value));
  }

  /** Casts a value to another dtype. */
  cast(value: Name, dtype: keyof typeof DTYPE): Name {
    return this.node("Cast", [value], { to: DTYPE[dtype] });
  }

  /** Declares an input `[N, ...shape]`. */
  input(name: string, dtype: keyof typeof DTYPE, shape: Shape): Name {
    this.#inputs.push(valueInfo(name, dtype, shape));
    return name;
  }

  /** Declares that a value is the output `name`, `[N, ...shape]`. */
  output(name: string, value: Name, shape: Shape): void {
    this.#nodes.push(new Message().bytes(1, value).bytes(2, name).bytes(3, `output ${name}`).bytes(4, "Identity"));
    this.#outputs.push(valueInfo(name, "float32", shape));
  }

  /** The model's bytes. */
  finish(name: string): Uint8Array<ArrayBuffer> {
    const graph = new Message();
    for (const node of this.#nodes) graph.bytes(1, node);
    graph.bytes(2, name);
    for (const initializer of this.#initializers) graph.bytes(5, initializer);
    for (const input of this.#inputs) graph.bytes(11, input);
    for (const output of this.#outputs) graph.bytes(12, output);
    return new Message()
      .int(1, IR_VERSION)
      .bytes(2, "sluice")
      .bytes(7, graph)
      .bytes(8, new Message().bytes(1, "").int(2, OPSET))
      .finish();
  }

  #constant(prefix: string, shape: Shape, dtype: keyof typeof DTYPE, data: BigInt64Array | Float32Array): Name {
    const key = `${prefix} [${data.join(",")}]`;
    let name = this.#constants.get(key);
    if (name === undefined) {
      name = key;
      this.#constants.set(key, name);
      this.#initializers.push(tensor(name, shape, dtype, data));
    }
    return name;
  }

  #fresh(name: string): Name {
    return `${name} #${++this.#count}`;
  }
}

function tensor(
  name: string,
  shape: Shape,
  dtype: keyof typeof DTYPE,
  data: Float32Array | Int32Array | BigInt64Array,
): Message {
  const message = new Message();
  for (const size of shape) message.int(1, size);
  // Typed arrays are little-endian wherever WebGPU runs, and so is ONNX's raw data.
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message.int(2, DTYPE[dtype]).bytes(8, name).bytes(9, bytes);
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().bytes(1, name);
  if (typeof value === "number") return message.int(3, value).int(20, ATTRIBUTE.int);
  if (typeof value === "string") return message.bytes(4, value).int(20, ATTRIBUTE.string);
  if ("float" in value) return message.float(2, value.float).int(20, ATTRIBUTE.float);
  if ("floats" in value) {
    for (const item of value.floats) message.float(7, item);
    return message.int(20, ATTRIBUTE.floats);
  }
  const isText = typeof value[0] === "string";
  for (const item of value) isText ? message.bytes(9, item as string) : message.int(8, item as number);
  return message.int(20, isText ? ATTRIBUTE.strings : ATTRIBUTE.ints);
}

function valueInfo(name: string, dtype: keyof typeof DTYPE, shape: Shape): Message {
  const dimensions = new Message().bytes(1, new Message().bytes(2, "N"));
  for (const size of shape) dimensions.bytes(1, new Message().int(1, size));
  const type = new Message().bytes(1, new Message().int(1, DTYPE[dtype]).bytes(2, dimensions));
  return new Message().bytes(1, name).bytes(2, type);
}
