/** Copies variables to the host and verifies them by a checksum. */
import { DeviceError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { input, type Value, Variable } from "../../graph/operation.ts";
import { checksumOf } from "../../kernels/reduce/checksum.ts";
import { checksum } from "../../ops/reduce/checksum.ts";
import type { Device } from "../device.ts";
import { Program } from "../run/program.ts";
import { VariableStaging, variablesOf } from "../run/variables.ts";

/**
 * Copies variables to the host together with a checksum that the GPU computes of them. The checksum starts from a new
 * number each time, so that the bytes of an earlier copy fail the check too: work on a lost device may seem to succeed.
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

  /** @throws OutOfMemoryError when there is no memory for the staging buffer. */
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

  /** Recreates what was lost with the device. */
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

  /** Records the checksum and the copies. Call it after the commands that change the variables. */
  encode(encoder: GPUCommandEncoder): void {
    this.#number = (this.#number + 1) | 0;
    this.#program.record(encoder, new Map([[this.#seed, { shape: [1], data: Int32Array.of(this.#number) }]]));
    this.#staging?.staging.encode(encoder);
  }

  /**
   * The contents of the variables when the copies ran.
   * @throws DeviceLostError when the device was lost; DeviceError when the bytes fail the checksum.
   */
  async read(): Promise<NdArray[]> {
    const arrays = (await this.#staging?.staging.read()) ?? [];
    const came = arrays.pop()?.data[0];
    const wanted = checksumOf(arrays, this.#number);
    if (came === wanted) return arrays;
    throw new DeviceError(
      "data read back from the GPU is discarded because the checksums differ: expected a driver " +
        "that copies buffers whole. Update the driver, or use another adapter",
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
