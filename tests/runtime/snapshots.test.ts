/** A snapshot counts only when what came back is what the GPU held. */
import { beforeAll, describe, expect, test } from "vitest";
import { DeviceError } from "../../src/core/errors.ts";
import type { Device } from "../../src/gpu/device.ts";
import { Variable } from "../../src/graph/operation.ts";
import { add } from "../../src/ops/elementwise/arithmetic.ts";
import { Snapshots } from "../../src/runtime/recover/snapshots.ts";
import { Pacer } from "../../src/runtime/run/pacer.ts";
import { Program } from "../../src/runtime/run/program.ts";
import { variablesOf } from "../../src/runtime/run/variables.ts";
import { testDevice } from "../support/device.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

/** What a driver may do wrong, until `end`. */
type Fault = (device: Device) => () => void;

/** Everything that is mapped has one bit turned over. */
const flippedBit: Fault = ({ gpu }) => {
  const probe = gpu.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST });
  const prototype = Object.getPrototypeOf(probe) as GPUBuffer;
  probe.destroy();
  const { getMappedRange } = prototype;
  prototype.getMappedRange = function getFlipped(this: GPUBuffer) {
    const bytes = getMappedRange.call(this);
    new Uint8Array(bytes)[5] = (new Uint8Array(bytes)[5] as number) ^ 16;
    return bytes;
  };
  return () => {
    prototype.getMappedRange = getMappedRange;
  };
};

/**
 * Copies of so many bytes or less do not reach the host, as on a device that is gone: what was there before comes back.
 */
const lostCopies =
  (most: number): Fault =>
  ({ gpu }) => {
    const { createCommandEncoder } = gpu;
    gpu.createCommandEncoder = (descriptor) => {
      const encoder = createCommandEncoder.call(gpu, descriptor);
      const { copyBufferToBuffer } = encoder;
      encoder.copyBufferToBuffer = (...args: unknown[]) => {
        const [, , to, , bytes] = args as [unknown, unknown, GPUBuffer, unknown, number];
        if (bytes <= most && (to.usage & GPUBufferUsage.MAP_READ) !== 0) return;
        (copyBufferToBuffer as (...all: unknown[]) => void).apply(encoder, args);
      };
      return encoder;
    };
    return () => {
      gpu.createCommandEncoder = createCommandEncoder;
    };
  };

const FAULTS: readonly (readonly [string, Fault])[] = [
  ["a bit that turned over on the way", flippedBit],
  ["a variable that was not copied", lostCopies(12)],
  ["a submit that did nothing at all", lostCopies(Number.POSITIVE_INFINITY)],
];

describe("snapshots", () => {
  test.each(FAULTS)("refuse %s, and keep the one before", async (_, fault) => {
    const before = device.memory.bytes;
    const small = new Variable({ name: "small", shape: [3] });
    const large = new Variable({ name: "large", shape: [70] });
    const updates = [small, large].map((variable) => ({ variable, value: add(variable.value, 1) }));
    const program = await Program.compile(device, { outputs: [], updates }, { label: "count", inputs: [] });
    const snapshots = await Snapshots.open<number>(device, program.updated);
    const pacer = new Pacer(device);
    snapshots.begin();
    await snapshots.step(program, new Map(), pacer);
    await snapshots.publish(1);
    const end = fault(device);
    try {
      await expect(snapshots.step(program, new Map(), pacer)).rejects.toThrow(DeviceError);
      await expect(snapshots.settle()).rejects.toThrow(/the checksums differ/);
    } finally {
      end();
    }
    expect(snapshots.state).toBe(1);
    // The GPU has taken the second step; the host knows it once a copy comes back whole.
    await snapshots.publish(2);
    const [came] = [...variablesOf(device).contentsOf([small]).values()];
    expect([...(came?.data ?? [])]).toEqual([2, 2, 2]);
    snapshots.dispose();
    program.dispose();
    variablesOf(device).release([small, large]);
    expect(device.memory.bytes).toBe(before);
  });
});
