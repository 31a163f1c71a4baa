/** The picture of a model: every call is a box, every tensor an arrow, and nothing lies on another. */
import { describe, expect, test } from "vitest";
import { dense, embedding, input, lstm, model, sequential } from "../../src/index.ts";
import { layOut } from "../../src/nn/show/graph_layout.ts";
import { tagsOf } from "../support/svg_tags.ts";

function asking() {
  const title = input({ shape: [8], name: "title" });
  const body = input({ shape: [40], name: "body & <more>" });
  const flags = input({ shape: [40], dtype: "bool", name: "flags" });
  const words = embedding({ inputDim: 100, outputDim: 16, maskZero: true, name: "words" });
  const read = lstm({ units: 8, name: "reader" }).call(words.call(title));
  const long = lstm({ units: 8, name: "long" }).call(words.call(body), { mask: flags });
  const shared = dense({ units: 2, name: "shared" });
  shared.trainable = false;
  const outputs = [dense({ units: 1, name: "stars" }).call(shared.call(read)), shared.call(long)];
  return model({ inputs: [title, body, flags], outputs });
}

describe("toSvg", () => {
  test("draws each call of each layer, and each tensor that it reads", async () => {
    const svg = await asking().toSvg();
    const tags = tagsOf(svg);
    expect(tags[0]).toBe("svg");
    // Three inputs, two embeddings, two LSTMs, two calls of the shared layer, one more.
    expect(svg.match(/<g class="box/g)).toHaveLength(10);
    expect(svg.match(/class="box input"/g)).toHaveLength(3);
    expect(svg.match(/class="box output"/g)).toHaveLength(2);
    expect(svg.match(/marker-end/g)).toHaveLength(8);
    expect(svg.match(/class="arrow masked" .*marker-end/g)).toHaveLength(1);
    expect(svg.match(/class="arrow mask" .*marker-end/g)).toHaveLength(1);
    expect(svg).toContain("body &amp; &lt;more&gt;");
    expect(svg).toContain("Dense, call 2 of 2");
    expect(svg).toContain("18 weights, frozen");
    expect(svg).toContain("in [B, 40, 16]");
    expect(await asking().toSvg({ showShapes: false, showParameters: false })).not.toMatch(/\[B|weights</);
  });

  test("draws a row of layers one below the other", async () => {
    const svg = await sequential([dense({ units: 3 }), dense({ units: 1 })], { inputShape: [2] }).toSvg();
    const titles = [...svg.matchAll(/class="title" x="([\d.]+)" y="([\d.]+)">([^<]+)/g)];
    expect(titles.map(([, , , name]) => name)).toEqual(["input_layer", "dense", "dense_1"]);
    expect(new Set(titles.map(([, x]) => x)).size).toBe(1);
  });
});

describe("the layout", () => {
  /** A graph that a seed decides: each box reads up to three before it. */
  function graph(seed: number) {
    let state = seed;
    const next = (below: number) => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return Math.floor((state / 2147483648) * below);
    };
    const boxes = Array.from({ length: 4 + next(16) }, () => ({ width: 40 + next(120), height: 30 + next(50) }));
    const arrows = boxes.flatMap((_, to) =>
      to === 0 ? [] : [...new Set(Array.from({ length: next(4) }, () => next(to)))].map((from) => ({ from, to })),
    );
    return { boxes, arrows };
  }

  test("of 200 graphs: boxes inside, apart, below what they read; arrows from edge to edge", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { boxes, arrows } = graph(seed);
      const { centres, ways, width, height } = layOut(boxes, arrows);
      const rects = boxes.map((box, index) => {
        const { x, y } = centres[index] as { x: number; y: number };
        return {
          left: x - box.width / 2,
          right: x + box.width / 2,
          top: y - box.height / 2,
          bottom: y + box.height / 2,
        };
      });
      for (const [index, a] of rects.entries()) {
        expect(Math.min(a.left, a.top)).toBeGreaterThan(0);
        expect(a.right).toBeLessThan(width);
        expect(a.bottom).toBeLessThan(height);
        for (const b of rects.slice(index + 1)) {
          const apart = a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;
          expect(apart, `seed ${seed}`).toBe(true);
        }
      }
      for (const [index, { from, to }] of arrows.entries()) {
        const way = ways[index] as readonly { x: number; y: number }[];
        expect(way[0]?.y).toBeCloseTo(rects[from]?.bottom ?? 0);
        expect(way.at(-1)?.y).toBeCloseTo(rects[to]?.top ?? 0);
        for (const [place, point] of way.entries())
          if (place > 0) expect(point.y).toBeGreaterThan(way[place - 1]?.y ?? 0);
      }
    }
  });
});
