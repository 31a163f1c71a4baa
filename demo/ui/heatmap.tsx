/**
 * A heatmap of lines over time steps. The canvas is decorative; an invisible grid on top of it is navigated by keyboard
 * and screen reader, one cell at a time, and a table shows the same numbers on request.
 */

import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useId, useRef } from "preact/hooks";
import { Canvas } from "./canvas.tsx";
import { Disclosure } from "./disclosure.tsx";
import { palette, type Ramp } from "./ramps.ts";

/** A position in the grid; a missing part means that none is selected. */
export interface Cell {
  readonly line: number | undefined;
  readonly step: number | undefined;
}

export interface HeatmapProps {
  /** The accessible name of the grid. */
  readonly label: string;
  readonly lines: readonly string[];
  readonly steps: readonly string[];
  readonly value: (line: number, step: number) => number;
  readonly ramp: (line: number) => Ramp;
  /** The size in pixels of a line, and of a step. */
  readonly lineSize: number;
  readonly stepSize: number;
  /** Steps run from top to bottom instead of left to right. */
  readonly down: boolean;
  readonly selected: Cell;
  readonly hovered: Cell;
  readonly onSelect: (cell: { readonly line: number; readonly step: number }) => void;
  readonly onHover: (cell: Cell) => void;
  /** Called on Escape, to clear the selection. */
  readonly onClear: () => void;
}

/** The live region is updated after this pause in navigation. */
const QUIET_MILLISECONDS = 250;
const NOTHING: Cell = { line: undefined, step: undefined };

/** Formats a number for the grid and the table. */
export const figure = (value: number): string => (value < 0 ? `−${(-value).toFixed(2)}` : value.toFixed(2));

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));

export function Heatmap(props: HeatmapProps) {
  const { label, lines, steps, value, ramp, lineSize, stepSize, down, selected, hovered } = props;
  const overlay = useRef<HTMLDivElement>(null);
  const id = useId();
  const live = useLiveText();
  const at = { line: clamp(selected.line ?? 0, lines.length - 1), step: clamp(selected.step ?? 0, steps.length - 1) };
  const nameOf = ({ line, step }: typeof at): string => `${lines[line]}, ${steps[step]}: ${figure(value(line, step))}`;

  const draw = useCallback(
    (context: CanvasRenderingContext2D): void => {
      const colourOf = palette();
      const gap = lineSize >= 10 ? 1 : 0;
      for (let line = 0; line < lines.length; line++) {
        const own = ramp(line);
        for (let step = 0; step < steps.length; step++) {
          context.fillStyle = colourOf(value(line, step), own);
          const [x, y, width, height] = [step * stepSize, line * lineSize, stepSize - gap, lineSize - gap];
          if (down) context.fillRect(y, x, height, width);
          else context.fillRect(x, y, width, height);
        }
      }
    },
    [lines, steps, value, ramp, lineSize, stepSize, down],
  );

  const cellAt = ({ clientX, clientY }: PointerEvent): { line: number; step: number } | undefined => {
    const box = overlay.current?.getBoundingClientRect();
    if (box === undefined) return undefined;
    const [x, y] = [clientX - box.left, clientY - box.top];
    const line = Math.floor((down ? x : y) / lineSize);
    const step = Math.floor((down ? y : x) / stepSize);
    const isInside = line >= 0 && step >= 0 && line < lines.length && step < steps.length;
    return isInside ? { line, step } : undefined;
  };
  const walk = (event: KeyboardEvent): void => {
    const next = keyMoves(event.key, at, { lines: lines.length, steps: steps.length }, down);
    if (event.key === "Escape") props.onClear();
    else if (next !== undefined) {
      props.onSelect(next);
      live.say(nameOf(next));
    } else return;
    event.preventDefault();
  };

  const [width, height] = down
    ? [lines.length * lineSize, steps.length * stepSize]
    : [steps.length * stepSize, lines.length * lineSize];
  const place = ({ line, step }: Cell): preact.CSSProperties => {
    const along = step === undefined ? [0, steps.length * stepSize] : [step * stepSize, stepSize];
    const across = line === undefined ? [0, lines.length * lineSize] : [line * lineSize, lineSize];
    const [[left, w], [top, h]] = (down ? [across, along] : [along, across]) as [[number, number], [number, number]];
    return { left: `${left}px`, top: `${top}px`, width: `${w}px`, height: `${h}px` };
  };

  return (
    <div class="heatmap" style={{ width: `${width}px`, height: `${height}px` }}>
      <Canvas draw={draw} />
      {[hovered, selected].map((cell, index) => (
        <Cross key={index === 0 ? "hover" : "selected"} cell={cell} place={place} isFaint={index === 0} />
      ))}
      {/* biome-ignore lint/a11y/useSemanticElements: a table of thousands of cells would be slow */}
      <div
        ref={overlay}
        class="heatmap-grid"
        role="grid"
        aria-label={label}
        aria-rowcount={lines.length}
        aria-colcount={steps.length}
        aria-describedby={`${id}-keys`}
        onKeyDown={walk}
        onPointerMove={(event) => event.pointerType === "mouse" && props.onHover(cellAt(event) ?? NOTHING)}
        onPointerLeave={() => props.onHover(NOTHING)}
        onClick={(event) => {
          const cell = cellAt(event as unknown as PointerEvent);
          if (cell === undefined) return;
          props.onSelect(cell);
          overlay.current?.querySelector<HTMLElement>("[role=gridcell]")?.focus({ preventScroll: true });
        }}
      >
        <CurrentCell at={at} name={nameOf(at)} isSelected={selected.step !== undefined} style={place(at)} />
      </div>
      <p id={`${id}-keys`} class="visually-hidden">
        Arrow keys walk from cell to cell, Home and End along the words, Escape leaves the word.
      </p>
      <p class="visually-hidden" aria-live="polite">
        {live.text}
      </p>
    </div>
  );
}

/** The only cell of the grid in the DOM, for the keyboard and screen readers. It moves with the selection. */
function CurrentCell({
  at,
  name,
  isSelected,
  style,
}: {
  readonly at: { readonly line: number; readonly step: number };
  readonly name: string;
  readonly isSelected: boolean;
  readonly style: preact.CSSProperties;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above
    // biome-ignore lint/a11y/useFocusableInteractive: its cell is
    <div role="row" aria-rowindex={at.line + 1}>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div
        role="gridcell"
        class="heatmap-cell"
        tabIndex={0}
        aria-colindex={at.step + 1}
        aria-label={name}
        aria-selected={isSelected}
        style={style}
      />
    </div>
  );
}

/** Highlights the row and the column of the cell under the pointer. */
function Cross({
  cell,
  place,
  isFaint,
}: {
  readonly cell: Cell;
  readonly place: (cell: Cell) => preact.CSSProperties;
  readonly isFaint: boolean;
}) {
  const { line, step } = cell;
  const kind = isFaint ? "faint" : "";
  return (
    <>
      {step === undefined ? null : <div class={`cross ${kind}`} style={place({ line: undefined, step })} />}
      {line === undefined ? null : <div class={`cross ${kind}`} style={place({ line, step: undefined })} />}
    </>
  );
}

/** The new position for a key press; undefined for keys that do not move. */
function keyMoves(
  key: string,
  { line, step }: { readonly line: number; readonly step: number },
  { lines, steps }: { readonly lines: number; readonly steps: number },
  down: boolean,
): { readonly line: number; readonly step: number } | undefined {
  const along = down ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
  const across = down ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  const move = (keys: readonly string[]) => (key === keys[0] ? -1 : key === keys[1] ? 1 : 0);
  if (key === "Home") return { line, step: 0 };
  if (key === "End") return { line, step: steps - 1 };
  if (move(along) !== 0) return { line, step: clamp(step + move(along), steps - 1) };
  if (move(across) !== 0) return { line: clamp(line + move(across), lines - 1), step };
  return undefined;
}

/** The text for a screen reader, updated after a pause in navigation. */
function useLiveText() {
  const text = useSignal("");
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    text,
    say: (words: string): void => {
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => {
        text.value = words;
      }, QUIET_MILLISECONDS);
    },
  };
}

export interface HeatmapTableProps {
  readonly caption: string;
  readonly lines: readonly string[];
  readonly steps: readonly string[];
  readonly value: (line: number, step: number) => number;
}

/** The same numbers as a table, shown by a button. */
export function HeatmapTable({ caption, lines, steps, value }: HeatmapTableProps) {
  const isOpen = useSignal(false);
  return (
    <div class="as-table">
      <Disclosure isOpen={isOpen} show="Show as table" hide="Hide the table" />
      {isOpen.value ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        <section class="scroll" tabIndex={0} aria-label={caption}>
          <table>
            <caption class="visually-hidden">{caption}</caption>
            <thead>
              <tr>
                <th scope="col">word</th>
                {lines.map((line) => (
                  <th key={line} scope="col" class="number">
                    {line}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {steps.map((word, step) => (
                <tr key={step}>
                  <th scope="row">{word}</th>
                  {lines.map((line, index) => (
                    <td key={line} class="number">
                      {figure(value(index, step))}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : null}
    </div>
  );
}
