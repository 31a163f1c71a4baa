/** Copies of variables on the host of which it is certain that they are what the GPU held. */
import { DeviceError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { input, type Value, Variable } from "../../graph/operation.ts";
import { checksumOf } from "../../kernels/reduce/checksum.ts";
import { checksum } from "../../ops/reduce/checksum.ts";
import type { Device } from "../device.ts";
import { Program } from "../run/program.ts";
import { VariableStaging, variablesOf } from "../run/variables.ts";

/**
 * Brings variables to the host with a checksum that the GPU makes of them where they lie. It begins with a number of
 * its own each time, so that bytes of an earlier copy do not pass either: work on a lost device may appear to succeed.
 */
export class CheckedCopy {
  readonly #device: Device;
  readonly #variables: readonly Variable[];
  readonly #sum: Variable;
  readonly #seed: Value;
  readonly #program: Program;
  #staging: { readonly generation: number; readonly staging: VariableStaging } | undefined;
  #number = 0;

  private constructor(
    device: Device,
    variables: readonly Variable[],
    parts: { readonly sum: Variable; readonly seed: Value; readonly program: Program },
  ) {
    this.#device = device;
    this.#variables = variables;
    this.#sum = parts.sum;
    this.#seed = parts.seed;
    this.#program = parts.program;
  }

  /** @throws OutOfMemoryError when there is no room for the buffer by which they come back. */
  static async make(device: Device, variables: readonly Variable[]): Promise<CheckedCopy> {
    const sum = new Variable({ name: "checksum", shape: [1], dtype: "int32", trainable: false });
    const seed = input("seed", [1], "int32");
    const value = checksum(
      variables.map((variable) => variable.value),
      seed,
    );
    const graph = { outputs: [], updates: [{ variable: sum, value }] };
    const program = await Program.compile(device, graph, { label: "checksum", inputs: [seed] });
    const copy = new CheckedCopy(device, variables, { sum, seed, program });
    try {
      await copy.ready();
      return copy;
    } catch (error) {
      copy.dispose();
      throw error;
    }
  }

  /** Makes again what a loss of the device took. */
  async ready(): Promise<void> {
    const { generation } = this.#device;
    if (this.#staging?.generation === generation) return;
    if (this.#staging !== undefined) {
      variablesOf(this.#device).release([this.#sum]);
      await this.#program.ready();
    }
    const staging = await this.#device.guard(
      "reading variables",
      () => new VariableStaging(this.#device, [...this.#variables, this.#sum]),
    );
    this.#staging = { generation, staging };
  }

  /** Records the checksum and the copies, after what else the submit does. */
  encode(encoder: GPUCommandEncoder): void {
    this.#number = (this.#number + 1) | 0;
    this.#program.record(encoder, new Map([[this.#seed, { shape: [1], data: Int32Array.of(this.#number) }]]));
    this.#staging?.staging.encode(encoder);
  }

  /**
   * What the variables held when the copies ran.
   * @throws DeviceLostError when the device was lost; DeviceError when other bytes came back than the GPU held.
   */
  async read(): Promise<NdArray[]> {
    const arrays = (await this.#staging?.staging.read()) ?? [];
    const came = arrays.pop()?.data[0];
    const wanted = checksumOf(arrays, this.#number);
    if (came === wanted) return arrays;
    throw new DeviceError(
      "what came back from the GPU is not what it held (the checksums differ), so it is not kept: expected a driver " +
        "that copies buffers whole. Update the driver, or take another adapter",
      { checksum: came, expected: wanted },
    );
  }

  /** Frees the buffers; the variables keep their contents. */
  dispose(): void {
    this.#program.dispose();
    this.#staging?.staging.dispose();
    variablesOf(this.#device).release([this.#sum]);
  }
}
