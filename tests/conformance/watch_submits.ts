import type { Device } from "../../src/index.ts";

/** Calls `before` and `after` around each submit on the GPUDevice that the device has now. Returns its end. */
export function watchSubmits({ gpu }: Device, before: () => void, after: () => void = () => undefined): () => void {
  const { queue } = gpu;
  const { submit } = queue;
  queue.submit = (buffers) => {
    before();
    submit.call(queue, buffers);
    after();
  };
  return () => {
    queue.submit = submit;
  };
}
