import { readOptions } from "../core/option_table.ts";
import { adoptGpu, openGpu } from "./adapter.ts";
import { Device } from "./device.ts";
import { DEVICE, type DeviceOptions } from "./device_options.ts";

/**
 * Opens the GPU. In Node, `import "sluice/node"` first.
 *
 * A GPUDevice can be lost at any time. Sluice then opens another one: immediately after a `destroy()`, otherwise 0.25,
 * 1, 5 and 130 s after the loss or the previous attempt, but not after a second failure of the driver within two
 * minutes. A running `fit` repeats the steps since its last snapshot.
 *
 * @throws DeviceError when there is no WebGPU or no adapter; it says what to install or which browser to use.
 * @example
 * using device = await requestDevice({ onDeviceLost: ({ reason }) => console.warn("the GPU is gone:", reason) });
 * console.log(device.adapter);
 */
export async function requestDevice(options: DeviceOptions = {}): Promise<Device> {
  const given = readOptions("requestDevice", DEVICE, options);
  if (given.device !== undefined) return new Device(adoptGpu(given.device), given);
  const open = () => openGpu(given);
  return new Device(await open(), { ...given, open });
}
