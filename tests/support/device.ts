/** The device that tests of one file share. */
import "../../src/node.ts";
import { type Device, requestDevice } from "../../src/gpu/device.ts";

let shared: Promise<Device> | undefined;

/** Opens the GPU once for the whole test file. A machine without one fails: these tests are promised an adapter. */
export function testDevice(): Promise<Device> {
  shared ??= requestDevice();
  return shared;
}
