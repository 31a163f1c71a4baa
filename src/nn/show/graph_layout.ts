/**
 * Layered layout of an acyclic graph from top to bottom (after Sugiyama, Tagawa & Toda 1981): each box is below those
 * it reads, arrows get a slot in every layer that they pass, and slots are ordered to reduce crossings.
 */

/** A box to place. */
export interface LayoutBox {
  readonly width: number;
  readonly height: number;
}

/** An arrow from one box to another, by their indices. */
export interface LayoutArrow {
  readonly from: number;
  readonly to: number;
}

/** A point; y grows downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The computed positions. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** The boxes' centres. */
  readonly centres: readonly Point[];
  /**
   * The path of each arrow: from the lower edge of one box through the layers between to the upper edge of the other.
   */
  readonly ways: readonly (readonly Point[])[];
}

/** The spacing between adjacent boxes, between layers, and the outer margin. */
const BESIDE = 28;
const BETWEEN = 44;
const AROUND = 16;
/** The width reserved for an arrow that passes a layer. */
const PASSING = 12;
const SWEEPS = 8;

interface Slot {
  /** The box; undefined for a passing arrow. */
  readonly box: number | undefined;
  readonly width: number;
  readonly height: number;
  readonly above: Slot[];
  readonly below: Slot[];
  x: number;
}

/** Lays out boxes that are given in topological order. */
export function layOut(boxes: readonly LayoutBox[], arrows: readonly LayoutArrow[]): Layout {
  const ranks = ranksOf(boxes.length, arrows);
  const layers: Slot[][] = Array.from({ length: Math.max(0, ...ranks) + 1 }, () => []);
  const slots = boxes.map(({ width, height }, box): Slot => ({ box, width, height, above: [], below: [], x: 0 }));
  slots.forEach((slot, box) => {
    layers[ranks[box] as number]?.push(slot);
  });
  const chains = arrows.map(({ from, to }) =>
    chainOf(slots[from] as Slot, slots[to] as Slot, ranks[from] as number, ranks[to] as number, layers),
  );
  orderLayers(layers);
  placeAcross(layers);
  const { tops, height } = placeDown(layers);
  const left = Math.min(...layers.flat().map(({ x, width }) => x - width / 2));
  const right = Math.max(...layers.flat().map(({ x, width }) => x + width / 2));
  const middles = layers.map((layer, rank) => (tops[rank] as number) + heightOf(layer) / 2);
  const at = (slot: Slot, y: number): Point => ({ x: slot.x - left + AROUND, y });
  return {
    width: right - left + 2 * AROUND,
    height,
    centres: slots.map((slot, box) => at(slot, middles[ranks[box] as number] as number)),
    ways: chains.map((chain, arrow) =>
      chain.map((slot, place) => {
        const middle = middles[(ranks[(arrows[arrow] as LayoutArrow).from] as number) + place] as number;
        if (place === 0) return at(slot, middle + slot.height / 2);
        return at(slot, place === chain.length - 1 ? middle - slot.height / 2 : middle);
      }),
    ),
  };
}

/**
 * Assigns layers: each box one layer below the lowest that it reads; boxes without inputs directly above their first
 * reader.
 */
function ranksOf(count: number, arrows: readonly LayoutArrow[]): number[] {
  const ranks = new Array<number>(count).fill(0);
  for (let box = 0; box < count; box++) {
    for (const { from, to } of arrows)
      if (to === box) ranks[box] = Math.max(ranks[box] as number, (ranks[from] as number) + 1);
  }
  for (let box = 0; box < count; box++) {
    if (arrows.some(({ to }) => to === box)) continue;
    const readers = arrows.filter(({ from }) => from === box).map(({ to }) => ranks[to] as number);
    if (readers.length > 0) ranks[box] = Math.min(...readers) - 1;
  }
  return ranks;
}

/** The slots of an arrow: its two boxes and one slot for each layer that it passes. */
function chainOf(from: Slot, to: Slot, start: number, end: number, layers: Slot[][]): Slot[] {
  const chain = [from];
  for (let rank = start + 1; rank <= end; rank++) {
    const before = chain.at(-1) as Slot;
    let next = to;
    if (rank < end) {
      next = { box: undefined, width: PASSING, height: 0, above: [], below: [], x: 0 };
      layers[rank]?.push(next);
    }
    before.below.push(next);
    next.above.push(before);
    chain.push(next);
  }
  return chain;
}

/** Orders each layer by the mean position of its neighbours, sweeping downwards and upwards alternately. */
function orderLayers(layers: Slot[][]): void {
  const places = new Map<Slot, number>();
  const note = (layer: readonly Slot[]) => {
    for (const [place, slot] of layer.entries()) places.set(slot, place - (layer.length - 1) / 2);
  };
  layers.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      const wish = new Map(
        layer.map((slot) => [
          slot,
          meanOf(isDown ? slot.above : slot.below, (each) => places.get(each) ?? 0) ?? places.get(slot) ?? 0,
        ]),
      );
      layer.sort((a, b) => (wish.get(a) as number) - (wish.get(b) as number));
      note(layer);
    }
  }
}

/** Centres slots on their neighbours in adjacent layers, as far as the slots beside them allow. */
function placeAcross(layers: readonly (readonly Slot[])[]): void {
  for (const layer of layers)
    spread(
      layer,
      layer.map(() => 0),
    );
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      spread(
        layer,
        layer.map((slot) => meanOf(isDown ? slot.above : slot.below, ({ x }) => x) ?? slot.x),
      );
    }
  }
}

/** Places slots as close to their desired positions as their widths allow; colliding groups are shifted together. */
function spread(layer: readonly Slot[], wishes: readonly number[]): void {
  const groups: { slots: Slot[]; offsets: number[]; wish: number }[] = [];
  for (const [index, slot] of layer.entries()) {
    let group = { slots: [slot], offsets: [0], wish: wishes[index] as number };
    for (let before = groups.at(-1); before !== undefined; before = groups.at(-1)) {
      const last = before.slots.at(-1) as Slot;
      const first = group.slots[0] as Slot;
      const gap = (last.width + first.width) / 2 + BESIDE;
      const end = before.wish + (before.offsets.at(-1) as number);
      if (end + gap <= group.wish) break;
      groups.pop();
      const shift = (before.offsets.at(-1) as number) + gap;
      const count = before.slots.length + group.slots.length;
      const wish = (before.wish * before.slots.length + (group.wish - shift) * group.slots.length) / count;
      const offsets = [...before.offsets, ...group.offsets.map((offset) => offset + shift)];
      group = { slots: [...before.slots, ...group.slots], offsets, wish };
    }
    groups.push(group);
  }
  for (const { slots, offsets, wish } of groups) {
    slots.forEach((slot, index) => {
      slot.x = wish + (offsets[index] as number);
    });
  }
}

function placeDown(layers: readonly (readonly Slot[])[]): {
  readonly tops: readonly number[];
  readonly height: number;
} {
  let y = AROUND;
  const tops = layers.map((layer) => {
    const top = y;
    y += heightOf(layer) + BETWEEN;
    return top;
  });
  return { tops, height: y - BETWEEN + AROUND };
}

const heightOf = (layer: readonly Slot[]): number => Math.max(0, ...layer.map(({ height }) => height));

function meanOf<T>(list: readonly T[], value: (item: T) => number): number | undefined {
  return list.length === 0 ? undefined : list.reduce((sum, item) => sum + value(item), 0) / list.length;
}
