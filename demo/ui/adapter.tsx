/** Which GPU the page computes on. */
import { gpu } from "../state.ts";

const WORDS = { opening: "looking for a GPU …", missing: "no GPU", lost: "GPU lost" } as const;

/** Some browsers keep the adapter's name to themselves. */
const nameOf = (adapter: string): string => (adapter === "unknown adapter" ? "GPU ready" : `GPU: ${adapter}`);

export function Adapter() {
  const { value } = gpu;
  return (
    <p id="adapter" class={`adapter ${value.kind}`}>
      {value.kind === "ready" ? nameOf(value.adapter) : WORDS[value.kind]}
    </p>
  );
}
