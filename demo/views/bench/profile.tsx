/** The profile of a step: a bar of its dispatches in execution order, and a table by operation. */
import { type DispatchTime, operationTimes } from "sluice";
import { seconds as words } from "sluice/bench";
import { ScrollBox } from "../../ui/scroll_box.tsx";
import { Share } from "./share.tsx";
import { profile, profileStep } from "./store.ts";

/** The number of colours for the operations that take longest; the others share the last one. */
const COLOURS = 6;
/** The smallest share of a slice that has room for its name. */
const NAMED = 0.08;

function Picture({ times }: { readonly times: readonly DispatchTime[] }) {
  const totals = operationTimes(times);
  const all = totals.reduce((sum, { seconds }) => sum + seconds, 0) || 1;
  const ranks = new Map(totals.map(({ operation }, rank) => [operation, Math.min(rank, COLOURS - 1)]));
  const paint = (operation: string) => ({ "--slice": `var(--slice-${ranks.get(operation) ?? COLOURS - 1})` });
  return (
    <>
      <div id="flame" class="flame" aria-hidden="true">
        {times.map(({ kernel, operation, seconds }, at) => {
          const share = seconds / all;
          return (
            <span
              key={at}
              class={share >= NAMED ? "" : "thin"}
              style={{ ...paint(operation), flexGrow: Math.max(share, 1e-4), flexBasis: 0 }}
              title={`${operation}: ${kernel}, ${words(seconds)}, ${(100 * share).toFixed(1)}%`}
            >
              {share >= NAMED ? operation : ""}
            </span>
          );
        })}
      </div>
      <ScrollBox label="Time by operation">
        <table>
          <thead>
            <tr>
              <th scope="col">Operation</th>
              <th scope="col" class="number">
                Dispatches
              </th>
              <th scope="col" class="number">
                Time
              </th>
              <th scope="col">Share</th>
            </tr>
          </thead>
          <tbody id="operations">
            {totals.map(({ operation, dispatches, seconds, share }) => (
              <tr key={operation}>
                <td>
                  <span class="swatch" style={paint(operation)} />
                  {operation}
                </td>
                <td class="number">{dispatches}</td>
                <td class="number">{words(seconds)}</td>
                <td class="share">
                  <Share of={share} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </>
  );
}

export function StepProfile({ isReady }: { readonly isReady: boolean }) {
  return (
    <section class="panel" aria-labelledby="profile-title">
      <h3 id="profile-title">Where a training step spends its time</h3>
      <p>
        One step of the reviews' model (64 rows of 100 words, 5,000 words known, an LSTM of 100 units), with a timestamp
        around every dispatch.
      </p>
      <div class="controls">
        <button id="profile" type="button" disabled={!isReady} onClick={() => void profileStep()}>
          Profile a step
        </button>
      </div>
      {profile.value.length === 0 ? null : <Picture times={profile.value} />}
    </section>
  );
}
