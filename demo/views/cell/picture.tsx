/**
 * The picture: the words, one unit's canal with its gates, and the units as rows, all on the same time axis. On a phone
 * the words run from top to bottom, and a few units are shown side by side.
 */
import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { PARTS } from "../../cell/parts.ts";
import type { CellReading, PartName } from "../../messages/cell.ts";
import { type Cell, figure, Heatmap, HeatmapTable } from "../../ui/heatmap.tsx";
import { isNarrow } from "../../ui/media.ts";
import type { Ramp } from "../../ui/ramps.ts";
import { Highway } from "./highway.tsx";
import { PART_WORDS, rampOf } from "./names.ts";
import {
  chooseToken,
  chooseUnit,
  FIRST_UNITS,
  hover,
  isPlaying,
  largestSeen,
  order,
  part,
  pause,
  scale,
  shownUnit,
  showsAll,
  token,
  unitPage,
} from "./store.ts";
import { valueAt } from "./units.ts";

/** The width in pixels of the line names, left of the words. */
const LABELS = 120;
/** The smallest and largest width in pixels of a word's column. */
const [NARROWEST, WIDEST] = [20, 36];
/** The height of a word on a phone. 44 would be the recommended touch target, but a whole sentence must fit. */
const PHONE_STEP = 36;
const PHONE_UNITS = 5;

/** The sizes that all panels share. */
interface Frame {
  readonly down: boolean;
  readonly stepSize: number;
  /** The size in pixels perpendicular to the words. */
  readonly breadth: number;
}

/** The sizes for the page's current width. */
function useFrame(tokens: number) {
  const host = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const resize = new ResizeObserver(() => {
      width.value = element.clientWidth;
    });
    resize.observe(element);
    return () => resize.disconnect();
  }, [width]);
  const down = isNarrow.value;
  const breadth = Math.max(120, width.value - (down ? 92 : 122));
  const across = Math.floor(Math.min(WIDEST, Math.max(NARROWEST, breadth / Math.max(1, tokens))));
  const frame: Frame = { down, stepSize: down ? PHONE_STEP : across, breadth };
  useFollowing(host, frame);
  return { host, frame };
}

/** Scrolls the selected word into view, because a long text is wider than its box. */
function useFollowing(host: RefObject<HTMLDivElement | null>, { down, stepSize }: Frame): void {
  const step = token.value;
  useEffect(() => {
    const box = host.current;
    if (box === null || step === undefined || down) return;
    const start = step * stepSize;
    const width = box.clientWidth - LABELS;
    if (start >= box.scrollLeft && start + stepSize <= box.scrollLeft + width) return;
    box.scrollLeft = start - width / 2;
  }, [host, down, stepSize, step]);
}

/** On a phone a text is longer than the screen, so the page scrolls while it is played. */
function useFollowingDown(host: RefObject<HTMLDivElement | null>, { down }: Frame): void {
  const step = token.value;
  const isFollowed = down && isPlaying.value;
  useEffect(() => {
    if (isFollowed) host.current?.querySelector(".slot.current")?.scrollIntoView({ block: "nearest" });
  }, [host, isFollowed, step]);
}

/** The words next to a panel. Keyboard users reach them in the grids. */
function WordLabels({ reading, frame }: { readonly reading: CellReading; readonly frame: Frame }) {
  const { stepSize, down } = frame;
  const shown = hover.value.step ?? token.value;
  return (
    <div class={`word-labels ${down ? "down" : "across"}`} aria-hidden="true">
      {reading.tokens.map(({ word, isRare }, step) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the grids below are the way of the keyboard
        // biome-ignore lint/a11y/useKeyWithClickEvents: the grids below are the way of the keyboard
        <span
          key={step}
          class={`slot ${step === shown ? "current" : ""} ${isRare ? "rare" : ""}`}
          style={down ? { height: `${stepSize}px` } : { width: `${stepSize}px` }}
          onClick={() => {
            pause();
            chooseToken(step);
          }}
        >
          <span class="name">{word}</span>
        </span>
      ))}
    </div>
  );
}

/** Covers the words that have not been read yet while the sentence plays. */
function Curtain({ reading, frame }: { readonly reading: CellReading; readonly frame: Frame }) {
  if (!isPlaying.value || token.value === undefined) return null;
  const from = (token.value + 1) * frame.stepSize;
  const rest = reading.tokens.length * frame.stepSize - from;
  const style = frame.down
    ? { top: `${from}px`, height: `${rest}px`, left: "0", right: "0" }
    : { left: `${from}px`, width: `${rest}px`, top: "0", bottom: "0" };
  return <div class="curtain" style={style} />;
}

/** Selection and hover, shared by all grids. */
function usePointing(unitOf: (line: number) => number | undefined) {
  return {
    onSelect: ({ line, step }: { readonly line: number; readonly step: number }): void => {
      pause();
      const chosen = unitOf(line);
      if (chosen !== undefined) chooseUnit(chosen);
      chooseToken(step);
    },
    onHover: ({ line, step }: Cell): void => {
      const unit = line === undefined ? undefined : unitOf(line);
      if (hover.value.step !== step || hover.value.unit !== unit) hover.value = { unit, step };
    },
    onClear: (): void => {
      pause();
      chooseToken(undefined);
      hover.value = { unit: undefined, step: undefined };
    },
  };
}

interface PanelProps {
  readonly reading: CellReading;
  readonly frame: Frame;
}

/** The legend of a unit's strips, and the scale of its canal. */
function UnitLegend({ reading, ramps }: { readonly reading: CellReading; readonly ramps: readonly Ramp[] }) {
  const names = PARTS[reading.kind];
  const mostOf = (name: PartName): string => figure((ramps[names.indexOf(name)] as Ramp).domain[1]);
  const signed = names.filter((name) => !PART_WORDS[name].isGate);
  return (
    <p class="key unit-legend">
      {signed.length === names.length ? null : (
        <span>
          <span class="legend gate" aria-hidden="true" /> gates: 0, shut, to 1, open
        </span>
      )}
      <span>
        <span class="legend signed" aria-hidden="true" /> below zero and above: full at{" "}
        {signed.map((name) => `${mostOf(name)} (${PART_WORDS[name].name})`).join(", ")}
      </span>
      {reading.kind === "lstm" ? <span>the canal, from its middle to a bank: {mostOf("c")}</span> : null}
    </p>
  );
}

/** One unit in detail: the canal, and its parts as strips. */
function UnitPanel({ reading, frame }: PanelProps) {
  const { down, stepSize, breadth } = frame;
  const unit = shownUnit.value;
  const names = PARTS[reading.kind];
  const steps = useMemo(() => reading.tokens.map(({ word }) => word), [reading]);
  const value = useCallback(
    (line: number, step: number) => valueAt(reading, names[line] as PartName, unit, step),
    [reading, names, unit],
  );
  const seen = largestSeen.value;
  const chosen = scale.value;
  const ramp = useCallback(
    (line: number) => {
      const name = names[line] as PartName;
      return rampOf(reading, name, chosen, unit, seen[name]);
    },
    [reading, names, chosen, unit, seen],
  );
  const lines = names.map((name) => PART_WORDS[name].name);
  const { onSelect, onHover, onClear } = usePointing(() => undefined);
  const lineSize = down ? Math.floor(breadth / names.length) : 26;
  return (
    <>
      {reading.kind === "lstm" ? (
        <div class="strip">
          <div class="strip-label">
            <b>Unit {unit}</b>
            <span>cell state, word by word</span>
          </div>
          <div class="strip-body">
            {down ? <WordLabels reading={reading} frame={frame} /> : null}
            <div class="over">
              <Highway
                {...{ reading, unit, stepSize, down }}
                most={ramp(names.indexOf("c")).domain[1]}
                breadth={down ? Math.min(breadth, 240) : 128}
              />
              <Curtain reading={reading} frame={frame} />
            </div>
          </div>
        </div>
      ) : null}
      <div class="strip">
        <div class={`strip-label lines ${down ? "heads" : ""}`} style={down ? {} : { "--line": `${lineSize}px` }}>
          {lines.map((name, index) => (
            <span key={name} class="line" style={down ? { width: `${lineSize}px` } : {}}>
              <span class="gate-name">
                <i>{PART_WORDS[names[index] as PartName].symbol}</i> {name}
              </span>
            </span>
          ))}
        </div>
        <div class="strip-body">
          {down ? <WordLabels reading={reading} frame={frame} /> : null}
          <div class="over">
            <Heatmap
              label={`Unit ${unit}: its gates and states over the words`}
              {...{ lines, steps, value, ramp, lineSize, stepSize, down, onSelect, onHover, onClear }}
              selected={{ line: undefined, step: token.value }}
              hovered={{ line: undefined, step: hover.value.step }}
            />
            <Curtain reading={reading} frame={frame} />
          </div>
        </div>
      </div>
      <UnitLegend reading={reading} ramps={names.map((_, line) => ramp(line))} />
      <HeatmapTable caption={`Unit ${unit}, word by word`} {...{ lines, steps, value }} />
    </>
  );
}

/** One part of many units. */
function UnitsPanel({ reading, frame }: PanelProps) {
  const { down, stepSize, breadth } = frame;
  const name = part.value;
  const sorted = order.value;
  const first = down ? unitPage.value * PHONE_UNITS : 0;
  const count = down ? PHONE_UNITS : showsAll.value ? sorted.length : FIRST_UNITS;
  const units = useMemo(() => sorted.slice(first, first + count), [sorted, first, count]);
  const steps = useMemo(() => reading.tokens.map(({ word }) => word), [reading]);
  const value = useCallback(
    (line: number, step: number) => valueAt(reading, name, units[line] as number, step),
    [reading, name, units],
  );
  const seen = largestSeen.value[name];
  const chosen = scale.value;
  const ramp = useCallback(
    (line: number) => rampOf(reading, name, chosen, units[line] as number, seen),
    [reading, name, chosen, units, seen],
  );
  const lines = useMemo(() => units.map((unit) => `unit ${unit}`), [units]);
  const { onSelect, onHover, onClear } = usePointing((line) => units[line]);
  const lineSize = down ? Math.floor(breadth / PHONE_UNITS) : showsAll.value ? 9 : 22;
  const lineOf = (unit: number | undefined): number | undefined => {
    const line = unit === undefined ? -1 : units.indexOf(unit);
    return line < 0 ? undefined : line;
  };
  return (
    <>
      <div class="strip">
        <div class={`strip-label lines ${down ? "heads" : ""}`} style={down ? {} : { "--line": `${lineSize}px` }}>
          {units.map((unit) => (
            <span
              key={unit}
              class={`line ${unit === shownUnit.value ? "current" : ""} ${lineSize < 12 ? "tiny" : ""}`}
              style={down ? { width: `${lineSize}px` } : {}}
            >
              {down ? unit : `unit ${unit}`}
            </span>
          ))}
        </div>
        <div class="strip-body">
          {down ? <WordLabels reading={reading} frame={frame} /> : null}
          <div class="over">
            <Heatmap
              label={`${PART_WORDS[name].name} of ${units.length} units over the words`}
              {...{ lines, steps, value, ramp, lineSize, stepSize, down, onSelect, onHover, onClear }}
              selected={{ line: lineOf(shownUnit.value), step: token.value }}
              hovered={{ line: lineOf(hover.value.unit), step: hover.value.step }}
            />
            <Curtain reading={reading} frame={frame} />
          </div>
        </div>
      </div>
      {down ? (
        <div class="controls pager">
          <button type="button" disabled={first === 0} onClick={() => unitPage.value--}>
            ← units
          </button>
          <span>
            {first + 1}–{first + units.length} of {sorted.length}
          </span>
          <button type="button" disabled={first + count >= sorted.length} onClick={() => unitPage.value++}>
            units →
          </button>
        </div>
      ) : null}
      <HeatmapTable caption={`${PART_WORDS[name].name}, word by word`} {...{ lines, steps, value }} />
    </>
  );
}

export function UnitPicture({ reading }: { readonly reading: CellReading }) {
  const { host, frame } = useFrame(reading.tokens.length);
  useFollowingDown(host, frame);
  return (
    <div ref={host} class={`picture ${frame.down ? "is-down" : ""}`}>
      {frame.down ? null : <WordLabels reading={reading} frame={frame} />}
      <UnitPanel reading={reading} frame={frame} />
    </div>
  );
}

export function UnitsPicture({ reading }: { readonly reading: CellReading }) {
  const { host, frame } = useFrame(reading.tokens.length);
  return (
    <div ref={host} class={`picture ${frame.down ? "is-down" : ""}`}>
      {frame.down ? null : <WordLabels reading={reading} frame={frame} />}
      <UnitsPanel reading={reading} frame={frame} />
    </div>
  );
}
