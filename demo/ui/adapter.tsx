/** Shows which GPU the page uses. */
import { gpu } from "../state.ts";

const WORDS = { opening: "looking for a GPU …", missing: "no GPU", lost: "GPU lost" } as const;

/** Some browsers do not reveal the adapter's name. */
const nameOf = (adapter: string): string => (adapter === "unknown adapter" ? "GPU ready" : `GPU: ${adapter}`);

export function Adapter() {
  const { value } = gpu;
  return (
    <p id="adapter" class={`adapter ${value.kind}`}>
      {value.kind === "ready" ? nameOf(value.adapter) : WORDS[value.kind]}
    </p>
  );
}
