/** Offers to resume a training run that the browser has saved. */
import { useRef } from "preact/hooks";
import { count, duration } from "../../ui/format.ts";
import { forget, goOn, kept } from "./store.ts";

/** "12 s ago" */
const ago = (time: number): string => `${duration(Math.max(1, (Date.now() - time) / 1000))} ago`;

export function KeptOffer() {
  const input = useRef<HTMLInputElement>(null);
  const offer = kept.value;
  if (offer === undefined) return null;
  const { run, hasFile } = offer;
  return (
    <section class="offer" aria-label="An interrupted training">
      <p>
        A training stands at step {count(run.step)} of {count(run.steps)}, kept {ago(run.savedAt)}. It goes on exactly
        there, and ends with the same weights as if nothing had been.
        {hasFile ? "" : ` It needs the file ${run.file?.name} again.`}
      </p>
      <div class="controls">
        <button
          id="go-on"
          type="button"
          class="primary"
          onClick={() => (hasFile ? void goOn(offer) : input.current?.click())}
        >
          {hasFile ? "Go on" : "Choose the file and go on"}
        </button>
        <button id="forget" type="button" onClick={() => forget(offer)}>
          Forget it
        </button>
        <input
          ref={input}
          type="file"
          hidden
          aria-label={`The file ${run.file?.name}`}
          onChange={({ currentTarget }) => {
            const [chosen] = currentTarget.files ?? [];
            if (chosen !== undefined) void goOn(offer, chosen);
          }}
        />
      </div>
    </section>
  );
}
