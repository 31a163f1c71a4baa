/** The view “Inside the cell”: what an LSTM computes for the current sentence, word by word and unit by unit. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { PARTS } from "../../cell/parts.ts";
import type { CellReading } from "../../messages/cell.ts";
import { gpu, text, which } from "../../state.ts";
import { Disclosure } from "../../ui/disclosure.tsx";
import { figure } from "../../ui/heatmap.tsx";
import { isNarrow } from "../../ui/media.ts";
import "./cell.css";
import { Explanation, Footnotes } from "./explain.tsx";
import { PART_WORDS, rampOf } from "./names.ts";
import { UnitPicture, UnitsPicture } from "./picture.tsx";
import {
  FIRST_UNITS,
  followReading,
  isPlaying,
  largestSeen,
  part,
  pause,
  play,
  reading,
  scale,
  shownUnit,
  showsAll,
  sort,
  stepBy,
  token,
  unitPage,
} from "./store.ts";
import { keepingGate, SORTS, type Sort } from "./units.ts";

function Player({ current }: { readonly current: CellReading }) {
  const at = token.value;
  return (
    <div class="controls player">
      <button id="play" type="button" class="primary" onClick={() => (isPlaying.value ? pause() : play())}>
        {isPlaying.value ? "Pause" : "Play word by word"}
      </button>
      <button type="button" aria-label="One word back" disabled={at === 0} onClick={() => stepBy(-1)}>
        ←
      </button>
      <button
        type="button"
        aria-label="One word on"
        disabled={at === current.tokens.length - 1}
        onClick={() => stepBy(1)}
      >
        →
      </button>
      <p id="cell-word">
        {at === undefined
          ? `${current.tokens.length} steps`
          : `“${current.tokens[at]?.word}”, ${at + 1} of ${current.tokens.length}`}
      </p>
    </div>
  );
}

/** The legend of the colours, and the choice of their range. */
function Scale({ current }: { readonly current: CellReading }) {
  const name = part.value;
  const [low, high] = rampOf(current, name, scale.value, shownUnit.value, largestSeen.value[name]).domain;
  const isGate = PART_WORDS[name].isGate;
  return (
    <div class="scale">
      <label>
        Colours of signed values over{" "}
        <select
          id="scale"
          value={scale.value}
          onChange={({ currentTarget }) => {
            scale.value = currentTarget.value as typeof scale.value;
          }}
        >
          <option value="unit">each unit by itself</option>
          <option value="sentence">this sentence</option>
          <option value="model">all this model has read here</option>
        </select>
      </label>
      <span class={`legend ${isGate ? "gate" : "signed"}`} aria-hidden="true" />
      <span id="range">
        {PART_WORDS[name].name}: {figure(low)} to {figure(high)}
        {!isGate && scale.value === "unit" ? ` (unit ${shownUnit.value})` : ""}
      </span>
    </div>
  );
}

function UnitChoices({ current }: { readonly current: CellReading }) {
  return (
    <div class="unit-choices">
      <label>
        Show{" "}
        <select
          id="part"
          value={part.value}
          onChange={({ currentTarget }) => {
            part.value = currentTarget.value as typeof part.value;
          }}
        >
          {PARTS[current.kind].map((name) => (
            <option key={name} value={name}>
              {PART_WORDS[name].name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Sort by{" "}
        <select
          id="sort"
          value={sort.value}
          onChange={({ currentTarget }) => {
            sort.value = currentTarget.value as Sort;
            unitPage.value = 0;
          }}
        >
          {SORTS.filter((each) => each.sort !== "memory" || keepingGate(current) !== undefined).map((each) => (
            <option key={each.sort} value={each.sort}>
              {each.label}
            </option>
          ))}
        </select>
      </label>
      {isNarrow.value || current.units <= FIRST_UNITS ? null : (
        <button
          id="all-units"
          type="button"
          aria-pressed={showsAll.value}
          onClick={() => {
            showsAll.value = !showsAll.value;
          }}
        >
          {showsAll.value ? `Only ${FIRST_UNITS} units` : `All ${current.units} units`}
        </button>
      )}
    </div>
  );
}

/** The explanation next to the picture; on a phone it is a sheet at the bottom that can be closed. */
function Side({ current }: { readonly current: CellReading }) {
  const isOpen = useSignal(false);
  if (!isNarrow.value) return <Explanation reading={current} />;
  return (
    <aside class={`sheet ${isOpen.value ? "open" : ""}`} aria-label="What the picture says">
      <Disclosure isOpen={isOpen} show="What this says ↑" hide="Put away ↓" />
      {isOpen.value ? <Explanation reading={current} /> : null}
    </aside>
  );
}

function Waiting() {
  const words =
    gpu.value.kind === "missing"
      ? "Without a GPU only the page's own first sentence can be shown."
      : which.value === undefined
        ? "The model is on its way …"
        : text.value.trim() === ""
          ? "Write a sentence: what the network does with it is drawn here."
          : "Reading …";
  return <p role="status">{words}</p>;
}

export function View() {
  useEffect(followReading, []);
  const current = reading.value;
  return (
    <div class="cell-view">
      <section class="panel" aria-labelledby="unit-title">
        <h3 id="unit-title">One unit, from word to word</h3>
        {current === undefined ? null : (
          <p class="muted">
            The network reads one word after the other, and remembers what it read in {current.units} units of one
            number each. This is one of them; any other can be chosen below.
          </p>
        )}
        <label for="cell-text">The sentence</label>
        <textarea
          id="cell-text"
          rows={2}
          maxLength={2000}
          spellcheck={false}
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
          }}
        />
        {current === undefined ? (
          <Waiting />
        ) : (
          <>
            <Player current={current} />
            <div class="beside">
              <div class="left">
                <UnitPicture reading={current} />
                <Footnotes reading={current} />
              </div>
              <Side current={current} />
            </div>
          </>
        )}
      </section>
      {current === undefined ? null : (
        <section class="panel" aria-labelledby="units-title">
          <h3 id="units-title">The units together</h3>
          <UnitChoices current={current} />
          <UnitsPicture reading={current} />
          <Scale current={current} />
          <p class="muted">Click a row, or walk there with the arrow keys: that unit is shown in full above.</p>
        </section>
      )}
    </div>
  );
}
