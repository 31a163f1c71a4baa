/** Explains the picture in sentences; their phrases select what they describe. */
import type { ComponentChildren } from "preact";
import { PARTS } from "../../cell/parts.ts";
import type { CellReading, PartName } from "../../messages/cell.ts";
import { signed } from "../../ui/format.ts";
import { figure } from "../../ui/heatmap.tsx";
import { PART_WORDS } from "./names.ts";
import { chooseToken, hover, logit, part, pause, shownUnit, token } from "./store.ts";
import { memoryOf, peakOf, pushOf, stateBefore, stateOf, valueAt } from "./units.ts";

interface Shown {
  readonly reading: CellReading;
  readonly unit: number;
}

/** A phrase that, when chosen, shows what it describes. */
function Phrase({
  children,
  step,
  shows,
  then,
}: {
  readonly children: ComponentChildren;
  readonly step?: number;
  readonly shows?: PartName;
  /** Punctuation that follows on the same line. */
  readonly then?: string;
}) {
  return (
    <span class="whole">
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
      {then}
    </span>
  );
}

/** The token at which `score` is largest. */
function best({ reading }: Shown, score: (step: number) => number): number {
  const scores = reading.tokens.map((_, step) => score(step));
  return scores.indexOf(Math.max(...scores));
}

function Word({
  reading,
  step,
  then,
}: {
  readonly reading: CellReading;
  readonly step: number;
  readonly then: string;
}) {
  return (
    <Phrase step={step} then={then}>
      “{reading.tokens[step]?.word}”
    </Phrase>
  );
}

/** The equation of the selected unit's state, with the numbers of the current token. */
function Equation({ reading, unit }: Shown) {
  // It follows the pointer, and otherwise shows the selected token.
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
            {term("h", at("h"))} = {term("o", at("o"))} · <span class="call">tanh({term("c", at("c"))})</span>
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

/** Explains one unit of an LSTM: the tokens at which each of its gates is most active. */
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
        The <Phrase shows="c">cell state</Phrase> is the unit's memory, drawn as a canal: what is in it flows on to the
        next word. The{" "}
        <Phrase shows="f" then=",">
          forget gate
        </Phrase>{" "}
        the boards across it, says how much of it stays, from 0, nothing, to 1, all: here{" "}
        {figure(memoryOf(reading, unit) ?? 0)} on average, and least at{" "}
        <Word reading={reading} step={forgets} then="," /> {figure(at("f", forgets))}.
      </p>
      <p>
        The <Phrase shows="candidate">candidate</Phrase> is what the word would add, and the{" "}
        <Phrase shows="i">input gate</Phrase> says how much of that comes in, from the side. Most does at{" "}
        <Word reading={reading} step={enters} then=":" /> {signed(entered)}.
      </p>
      <p>
        The <Phrase shows="h">hidden state</Phrase> is what the unit tells: to the gates at the next word, and{" "}
        <Phrase step={last}>at the end</Phrase> to the verdict. The <Phrase shows="o">output gate</Phrase> says how much
        of its memory it tells: {figure(at("o", last))} there, which makes {figure(at("h", last))}.
      </p>
      {reading.output.length === 0 ? null : (
        <p>
          The verdict adds up what all units tell, each by a weight of its own, and a constant. This one's part is{" "}
          {signed(pushOf(reading, unit))} of {signed(logit.value ?? 0)}, the logit: above zero it is praise.
        </p>
      )}
    </>
  );
}

/** Notes below an LSTM's picture: why the state is not zero before the first word, and how gates are computed. */
export function Footnotes({ reading }: { readonly reading: CellReading }) {
  if (reading.kind !== "lstm") return null;
  return (
    <>
      {reading.before.some((value) => value !== 0) ? (
        <p>
          Why is there something in the canal before{" "}
          <Phrase step={0} then="?">
            the first word
          </Phrase>{" "}
          All texts are filled up to the same length with blanks, which the network reads too: on the left, so that the
          last thing it reads is your last word and not hundreds of blanks.
        </p>
      ) : null}
      <p>
        What opens a gate? Its numbers are <span class="whole">σ(x · W + h₋₁ · U + b)</span>: those of the word and the
        last hidden state, weighed, summed, and pressed between 0 and 1. The candidate is made alike, by tanh, between
        −1 and 1; all weights are learnt.
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
      . Unit {unit} moves most at <Word reading={reading} step={peak} then="." />
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
