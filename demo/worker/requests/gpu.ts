/** Reports the state of the GPU. */
import type { GpuEvent } from "../../messages/index.ts";
import type { Context } from "../context.ts";

/** Opens the GPU, and sends an event at each loss and recovery until the request is aborted. */
export async function watchGpu(
  { session, signal, tell }: Context<GpuEvent>,
  _params: Record<string, never>,
): Promise<void> {
  const open = async (): Promise<void> => {
    const { adapter } = await session.device();
    tell({ kind: "ready", adapter });
  };
  const remove = session.onLost(({ message }) => {
    tell({ kind: "lost", message });
    // A driver needs a moment to restart; if it fails, the next request tries again.
    open().catch(() => undefined);
  });
  signal.addEventListener("abort", remove);
  await open();
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}
