/** Which GPU the page computes on. */
import { gpu } from "../state.ts";

const WORDS = { opening: "looking for a GPU …", missing: "no GPU", lost: "GPU lost" } as const;

export function Adapter() {
  const { value } = gpu;
  return (
    <p id="adapter" class={`adapter ${value.kind}`}>
      <span class="visually-hidden">GPU: </span>
      {value.kind === "ready" ? value.adapter : WORDS[value.kind]}
    </p>
  );
}
