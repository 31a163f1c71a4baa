/**
 * The map: each word is a point, with its name if there is room. It can be dragged, zoomed and navigated by keyboard.
 */
import { useCallback, useRef } from "preact/hooks";
import type { WordsResult } from "../../messages/words.ts";
import { Canvas } from "../../ui/canvas.tsx";
import { colour } from "../../ui/theme.ts";
import { choose, chosen, near, type View, view } from "./store.ts";

/** The map's description for screen readers. */
const LABEL =
  "Map of words: arrow keys move it, plus and minus zoom, 0 shows the whole. Words are found by the search, " +
  "and their neighbours are listed beside it.";

/** Clearly positive words, to check whether the map separates them. */
export const PRAISING = ["wonderful", "excellent", "great", "perfect", "superb", "loved"];
export const BLAMING = ["awful", "worst", "boring", "waste", "terrible", "poorly"];
/** The most names to draw; names that would overlap others are omitted, the most frequent words come first. */
const MOST_NAMES = 70;
const [LEAST_ZOOM, MOST_ZOOM] = [0.5, 60];
/** The margin in pixels around the outermost points. */
const MARGIN = 36;
/** The distance in pixels within which a point is hit. */
const REACH = 14;

/** The view that shows the whole map, with a margin for the names of the outermost words. */
function wholeView({ points }: WordsResult, width: number, height: number): View {
  const ends = {
    low: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as [number, number],
    high: [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY] as [number, number],
  };
  for (const [at, value] of points.entries()) {
    const axis = (at % 2) as 0 | 1;
    ends.low[axis] = Math.min(ends.low[axis], value);
    ends.high[axis] = Math.max(ends.high[axis], value);
  }
  const middle = (axis: 0 | 1): number => (ends.low[axis] + ends.high[axis]) / 2;
  const size = (axis: 0 | 1): number => Math.max(1e-6, ends.high[axis] - ends.low[axis]);
  const zoom = Math.min((width - 2 * MARGIN) / size(0), (height - MARGIN) / size(1));
  return { x: middle(0), y: middle(1), zoom: Math.max(1e-6, zoom) };
}

type Box = readonly [x: number, y: number, width: number, height: number];

const overlap = (a: Box, b: Box): boolean =>
  a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];

/** The possible positions of a name around its point, the best one first. */
function placesOf([x, y]: readonly [number, number], width: number, gap: number): readonly Box[] {
  return [
    [x + gap, y - 8, width, 16],
    [x - gap - width, y - 8, width, 16],
    [x - width / 2, y - 23, width, 16],
    [x - width / 2, y + 7, width, 16],
  ];
}

function clampZoom(zoom: number, whole: number): number {
  return Math.min(MOST_ZOOM * whole, Math.max(LEAST_ZOOM * whole, zoom));
}

export function MapPicture({ map }: { readonly map: WordsResult }) {
  const host = useRef<HTMLDivElement>(null);
  const kept = view.value;
  const selected = chosen.value;
  const neighbours = near.value;

  /** The current view: the visitor's, or the whole map. */
  const viewNow = (): View | undefined => {
    const element = host.current;
    return element === null ? undefined : (view.value ?? wholeView(map, element.clientWidth, element.clientHeight));
  };

  const draw = useCallback(
    (context: CanvasRenderingContext2D, width: number, height: number): void => {
      const seen = kept ?? wholeView(map, width, height);
      const place = (word: number): readonly [number, number] => [
        width / 2 + ((map.points[2 * word] as number) - seen.x) * seen.zoom,
        height / 2 - ((map.points[2 * word + 1] as number) - seen.y) * seen.zoom,
      ];
      const isInside = ([x, y]: readonly [number, number]) => x > -4 && y > -4 && x < width + 4 && y < height + 4;
      const [text, muted, panel, praise, blame] = ["--text", "--muted", "--panel", "--train", "--held-out"].map(
        colour,
      ) as [string, string, string, string, string];
      context.fillStyle = muted;
      context.globalAlpha = 0.45;
      for (let word = 0; word < map.words.length; word++) {
        const at = place(word);
        if (isInside(at)) context.fillRect(at[0] - 1.25, at[1] - 1.25, 2.5, 2.5);
      }
      context.globalAlpha = 1;
      const taken: Box[] = [];
      const named = new Set<number>();
      const name = (word: number, paint: string, isBold: boolean): void => {
        const at = place(word);
        if (!isInside(at) || named.has(word)) return;
        named.add(word);
        context.font = `${isBold ? "600 14px" : "12px"} system-ui, sans-serif`;
        const label = map.words[word] as string;
        const places = placesOf(at, context.measureText(label).width, word === selected ? 12 : 7);
        const free = (isBold ? places : places.slice(0, 1)).find(
          (box) => box[0] > 0 && box[0] + box[2] < width && !taken.some((other) => overlap(box, other)),
        );
        if (free === undefined && !isBold) return;
        context.beginPath();
        context.arc(at[0], at[1], isBold ? 4.5 : 2.5, 0, 2 * Math.PI);
        context.fillStyle = paint;
        context.fill();
        taken.push([at[0] - 4, at[1] - 4, 8, 8]);
        if (free === undefined) return;
        taken.push(free);
        context.lineWidth = 3;
        context.strokeStyle = panel;
        context.strokeText(label, free[0], free[1] + 12);
        // Small names are drawn over the cloud of points.
        context.fillStyle = isBold ? paint : text;
        context.fillText(label, free[0], free[1] + 12);
      };
      const tones = new Map(
        [...PRAISING.map((word) => [word, praise] as const), ...BLAMING.map((word) => [word, blame] as const)].flatMap(
          ([word, paint]) => {
            const at = map.words.indexOf(word);
            return at < 0 ? [] : [[at, paint] as const];
          },
        ),
      );
      if (selected !== undefined) {
        const [x, y] = place(selected);
        context.beginPath();
        context.arc(x, y, 8, 0, 2 * Math.PI);
        context.lineWidth = 2;
        context.strokeStyle = text;
        context.stroke();
        name(selected, tones.get(selected) ?? text, true);
      }
      for (const [word, paint] of tones) name(word, paint, true);
      for (const { place: word } of neighbours) name(word, text, false);
      let tried = 0;
      for (let word = 0; word < map.words.length && tried < MOST_NAMES; word++) {
        if (!isInside(place(word))) continue;
        name(word, muted, false);
        tried++;
      }
    },
    [map, kept, selected, neighbours],
  );

  /** Zooms by a factor around a point of the picture. */
  const zoomBy = (factor: number, [px, py]: readonly [number, number]): void => {
    const [element, now] = [host.current, viewNow()];
    if (element === null || now === undefined) return;
    const whole = wholeView(map, element.clientWidth, element.clientHeight).zoom;
    const zoom = clampZoom(now.zoom * factor, whole);
    const [dx, dy] = [px - element.clientWidth / 2, py - element.clientHeight / 2];
    view.value = { x: now.x + dx / now.zoom - dx / zoom, y: now.y - dy / now.zoom + dy / zoom, zoom };
  };
  const zoomMiddle = (factor: number): void => {
    const element = host.current;
    if (element !== null) zoomBy(factor, [element.clientWidth / 2, element.clientHeight / 2]);
  };
  const moveBy = (dx: number, dy: number): void => {
    const now = viewNow();
    if (now !== undefined) view.value = { ...now, x: now.x - dx / now.zoom, y: now.y + dy / now.zoom };
  };
  const whole = (): void => {
    view.value = undefined;
  };

  /** Selects the word near a point of the picture, if there is one. */
  const hit = ([px, py]: readonly [number, number]): void => {
    const [element, now] = [host.current, viewNow()];
    if (element === null || now === undefined) return;
    const [x, y] = [
      (px - element.clientWidth / 2) / now.zoom + now.x,
      now.y - (py - element.clientHeight / 2) / now.zoom,
    ];
    let [best, distance] = [-1, REACH / now.zoom];
    for (let word = 0; word < map.words.length; word++) {
      const away = Math.hypot((map.points[2 * word] as number) - x, (map.points[2 * word + 1] as number) - y);
      if (away < distance) [best, distance] = [word, away];
    }
    if (best >= 0) choose(best, false);
  };

  const fingers = useRef(new Map<number, readonly [number, number]>());
  const moved = useRef(0);
  const at = (event: PointerEvent | WheelEvent): readonly [number, number] => {
    const box = host.current?.getBoundingClientRect();
    return [event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0)];
  };
  const drag = (event: PointerEvent): void => {
    const before = fingers.current.get(event.pointerId);
    if (before === undefined) return;
    const now = at(event);
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) {
      moveBy(now[0] - before[0], now[1] - before[1]);
    } else {
      const spread = (point: readonly [number, number]) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      zoomBy(spread(now) / Math.max(1, spread(before)), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    }
    moved.current += Math.hypot(now[0] - before[0], now[1] - before[1]);
    fingers.current.set(event.pointerId, now);
  };
  const keys = (event: KeyboardEvent): void => {
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => moveBy(40, 0),
      ArrowRight: () => moveBy(-40, 0),
      ArrowUp: () => moveBy(0, 40),
      ArrowDown: () => moveBy(0, -40),
      "+": () => zoomMiddle(1.4),
      "=": () => zoomMiddle(1.4),
      "-": () => zoomMiddle(1 / 1.4),
      "0": whole,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    move();
    event.preventDefault();
  };

  return (
    <div class="map">
      <div
        ref={host}
        class={`map-picture ${kept === undefined ? "whole" : ""}`}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the map is navigated by keyboard
        tabIndex={0}
        aria-label={LABEL}
        onKeyDown={keys}
        onWheel={(event) => {
          // Scrolling over the map must not zoom it. A pinch gesture on a trackpad arrives as a wheel event with Ctrl.
          if (!event.ctrlKey && !event.metaKey && document.activeElement !== event.currentTarget) return;
          event.preventDefault();
          zoomBy(Math.exp(-event.deltaY / 400), at(event));
        }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          if (fingers.current.size === 0) moved.current = 0;
          fingers.current.set(event.pointerId, at(event));
        }}
        onPointerMove={drag}
        onPointerUp={(event) => {
          fingers.current.delete(event.pointerId);
          if (moved.current < 5) hit(at(event));
        }}
        onPointerCancel={(event) => fingers.current.delete(event.pointerId)}
      >
        <Canvas draw={draw} />
      </div>
      <div class="controls map-buttons">
        <button type="button" aria-label="Zoom in" onClick={() => zoomMiddle(1.6)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoomMiddle(1 / 1.6)}>
          −
        </button>
        <button type="button" onClick={whole}>
          Whole map
        </button>
      </div>
    </div>
  );
}
