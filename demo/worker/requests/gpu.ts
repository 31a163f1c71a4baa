/** The GPU itself. */
import type { GpuEvent } from "../../messages/index.ts";
import type { Context } from "../context.ts";

/** Opens the GPU, and tells when it comes and goes until the page no longer wants to know. */
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
    // A driver that restarts takes a moment; until it is back the next question tries again.
    open().catch(() => undefined);
  });
  signal.addEventListener("abort", remove);
  await open();
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}
