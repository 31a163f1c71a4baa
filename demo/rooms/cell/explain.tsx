/** What the picture says, in sentences whose phrases move it. */
import type { ComponentChildren } from "preact";
import { signed } from "../../ui/format.ts";
import { figure } from "../../ui/heatmap.tsx";
import { type CellReading, PARTS, type PartName } from "../../worker/cell.ts";
import { PART_WORDS } from "./names.ts";
import { chooseToken, hover, logit, part, pause, shownUnit, token } from "./store.ts";
import { memoryOf, peakOf, pushOf, stateBefore, stateOf, valueAt } from "./units.ts";

interface Shown {
  readonly reading: CellReading;
  readonly unit: number;
}

/** A phrase that shows what it speaks of. */
function Phrase({
  children,
  step,
  shows,
}: {
  readonly children: ComponentChildren;
  readonly step?: number;
  readonly shows?: PartName;
}) {
  return (
    <button
      type="button"
      class="phrase"
      onClick={() => {
        pause();
        if (step !== undefined) chooseToken(step);
        if (shows !== undefined) part.value = shows;
      }}
    >
      {children}
    </button>
  );
}

/** The token at which `score` is largest. */
function best({ reading }: Shown, score: (step: number) => number): number {
  const scores = reading.tokens.map((_, step) => score(step));
  return scores.indexOf(Math.max(...scores));
}

function Word({ reading, step }: { readonly reading: CellReading; readonly step: number }) {
  return <Phrase step={step}>“{reading.tokens[step]?.word}”</Phrase>;
}

/** The equation of the state at the token in the middle, filled in. */
function Equation({ reading, unit }: Shown) {
  // It follows the pointer, and comes back to what was chosen.
  const pointed = hover.value.step ?? token.value;
  const step = pointed ?? peakOf(reading, unit);
  const at = (name: PartName) => valueAt(reading, name, unit, step);
  const before = stateBefore(reading, unit, step);
  const term = (symbol: string, value: number) => (
    <span class="term">
      <i>{symbol}</i>
      <b>{figure(value)}</b>
    </span>
  );
  return (
    <div
      class="equation"
      role="math"
      aria-label={`The state of unit ${unit} at the word ${reading.tokens[step]?.word}`}
    >
      <p class="at">
        at {pointed === undefined ? "its strongest word, " : ""}“{reading.tokens[step]?.word}”
      </p>
      {reading.kind === "lstm" ? (
        <>
          <p>
            {term("c", at("c"))} = {term("f", at("f"))} · {term("c₋₁", before)} + {term("i", at("i"))} ·{" "}
            {term("g", at("candidate"))}
          </p>
          <p>
            {term("h", at("h"))} = {term("o", at("o"))} · tanh {term("c", at("c"))}
          </p>
        </>
      ) : reading.kind === "gru" ? (
        <p>
          {term("h", at("h"))} = {term("z", at("z"))} · {term("h₋₁", before)} + (1 − {term("z", at("z"))}) ·{" "}
          {term("g", at("candidate"))}
        </p>
      ) : (
        <p>
          {term("h", at("h"))} = tanh(x·W + h₋₁·U + b), with {term("h₋₁", before)}
        </p>
      )}
    </div>
  );
}

/** One unit of an LSTM: what each of its gates does, where it is seen. */
function LstmWords({ reading, unit }: Shown) {
  const at = (name: PartName, step: number) => valueAt(reading, name, unit, step);
  const shown = { reading, unit };
  const forgets = best(shown, (step) => -at("f", step) + (step === 0 ? -9 : 0));
  const enters = best(shown, (step) => Math.abs(at("i", step) * at("candidate", step)));
  const last = reading.tokens.length - 1;
  const entered = at("i", enters) * at("candidate", enters);
  return (
    <>
      <p>
        The <Phrase shows="c">cell state</Phrase> is a canal: what is in it flows on to the next word. The dark boards
        are the <Phrase shows="f">forget gate</Phrase>. This unit's lets{" "}
        {Math.round(100 * (memoryOf(reading, unit) ?? 0))}% pass on average; it shuts most at{" "}
        <Word reading={reading} step={forgets} />, to {figure(at("f", forgets))}.
      </p>
      <p>
        From the side comes the <Phrase shows="candidate">candidate</Phrase>, as far as the{" "}
        <Phrase shows="i">input gate</Phrase> opens: most at <Word reading={reading} step={enters} />, {signed(entered)}{" "}
        at once.
      </p>
      <p>
        The <Phrase shows="o">output gate</Phrase> says how much of the state is told:{" "}
        <Phrase step={last}>at the end</Phrase> {figure(at("o", last))} of it, which makes the{" "}
        <Phrase shows="h">hidden state</Phrase> {figure(at("h", last))}
        {reading.output.length === 0
          ? "."
          : `. The verdict is read from there: this unit adds ${signed(pushOf(reading, unit))} to a logit of ${signed(logit.value ?? 0)}.`}
      </p>
    </>
  );
}

function OtherWords({ reading, unit }: Shown) {
  const peak = peakOf(reading, unit);
  return (
    <p>
      This layer shows its <Phrase shows={stateOf(reading)}>hidden state</Phrase>
      {PARTS[reading.kind]
        .filter((name) => name !== "h")
        .map((name) => (
          <span key={name}>
            , <Phrase shows={name}>{PART_WORDS[name].name}</Phrase>
          </span>
        ))}
      . Unit {unit} moves most at <Word reading={reading} step={peak} />.
    </p>
  );
}

export function Explanation({ reading }: { readonly reading: CellReading }) {
  const unit = shownUnit.value;
  return (
    <div class="explanation">
      <Equation reading={reading} unit={unit} />
      {reading.kind === "lstm" ? (
        <LstmWords reading={reading} unit={unit} />
      ) : (
        <OtherWords reading={reading} unit={unit} />
      )}
    </div>
  );
}
