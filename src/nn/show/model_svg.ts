/** Draws the model's graph like keras.utils.plot_model: a box for each layer call, an arrow for each tensor. */
import { flag, type OptionsOf, readOptions, type TableOf, withDefault } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import { sizeOf } from "../../core/shape.ts";
import { escapeXml, round } from "../../core/svg_elements.ts";
import { input } from "../../graph/operation.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import { InputLayer, type LayerNode, type SymbolicTensor } from "../layers/index.ts";
import { type Layout, layOut, type Point } from "./graph_layout.ts";

/** Options of `toSvg`. */
export interface SvgOptions {
  /** Whether to show the input and output shapes of each layer. Default: true. */
  readonly showShapes?: boolean;
  /** Whether to show the parameter count of each layer. Default: true. */
  readonly showParameters?: boolean;
}

const SVG = {
  showShapes: withDefault(flag, true),
  showParameters: withDefault(flag, true),
} satisfies TableOf<SvgOptions>;

interface Box {
  readonly node: LayerNode;
  readonly lines: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly kind: "input" | "output" | "inner";
}

interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly kind: "data" | "masked" | "mask" | "state";
}

const TITLE_HEIGHT = 20;
const LINE_HEIGHT = 15;
const PADDING = 10;
/** The assumed character width at each font size, wide enough for all fonts in the font list. */
const TITLE_CHARACTER = 7.7;
const LINE_CHARACTER = 6.4;

/** Draws the graph as an SVG document. */
export function graphToSvg(graph: LayerGraph, name: string, options: SvgOptions = {}): string {
  const shown = readOptions("toSvg", SVG, options);
  const nodes = [...graph.inputs.map(({ node }) => node), ...graph.nodes];
  const boxes = nodes.map((node) => boxOf(graph, node, shown));
  const arrows = arrowsOf(graph, nodes);
  const layout = layOut(boxes, arrows);
  const { width, height } = layout;
  const legend = legendOf(arrows);
  const total = height + (legend === "" ? 0 : 24);
  const [w, h, label] = [round(width), round(total), escapeXml(`The layers of the model ${name}`)];
  const size = `viewBox="0 0 ${w} ${h}" width="${w}" height="${h}"`;
  const drawn = arrows.map(({ kind }, index) => {
    const d = curve(layout.ways[index] as readonly Point[]);
    return `<path class="arrow ${kind}" d="${d}" marker-end="url(#head-${kind})"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${label}">
${STYLE}
<rect class="page" width="100%" height="100%"/>
${drawn.join("\n")}
${boxes.map((box, index) => drawBox(box, layout, index)).join("\n")}
${legend && `<g transform="translate(16 ${round(height + 4)})">${legend}</g>`}
</svg>
`;
}

function boxOf(graph: LayerGraph, node: LayerNode, { showShapes, showParameters }: OptionsOf<typeof SVG>): Box {
  const { layer, inputs, outputs } = node;
  const calls = graph.nodes.filter((each) => each.layer === layer);
  const parameters = layer.weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const isFrozen = parameters > 0 && layer.trainableWeights.length === 0;
  const lines = [
    `${layer.className}${calls.length > 1 ? `, call ${calls.indexOf(node) + 1} of ${calls.length}` : ""}`,
    ...(showShapes ? [...(inputs.length > 0 ? [`in ${shapes(inputs)}`] : []), `out ${shapes(outputs)}`] : []),
    ...(showParameters && parameters > 0
      ? [`${parameters.toLocaleString("en-US")} weights${isFrozen ? ", frozen" : ""}`]
      : []),
  ];
  const isOutput = graph.outputs.some((output) => output.node === node);
  return {
    node,
    lines,
    width:
      Math.max(layer.name.length * TITLE_CHARACTER, ...lines.map((line) => line.length * LINE_CHARACTER)) + 2 * PADDING,
    height: TITLE_HEIGHT + lines.length * LINE_HEIGHT + PADDING,
    kind: layer instanceof InputLayer ? "input" : isOutput ? "output" : "inner",
  };
}

function shapes(tensors: readonly SymbolicTensor[]): string {
  return tensors.map(({ shape }: { readonly shape: Shape }) => `[${["B", ...shape].join(", ")}]`).join("  ");
}

/** The arrows into each call. The graph is built once on a single example to find the tensors that carry a mask. */
function arrowsOf(graph: LayerGraph, nodes: readonly LayerNode[]): readonly Arrow[] {
  const arrows: Arrow[] = [];
  const add = (tensor: SymbolicTensor, node: LayerNode, kind: Arrow["kind"]) => {
    arrows.push({ from: nodes.indexOf(tensor.node), to: nodes.indexOf(node), kind });
  };
  graph.run(
    graph.inputSpecs.map(({ name, shape, dtype }) => input(name, [1, ...shape], dtype)),
    {
      training: false,
      random: () => {
        throw new Error("random numbers are for training only");
      },
      onCall: (node, masks) => {
        for (const [index, tensor] of node.inputs.entries()) {
          const given = node.masks[index];
          add(tensor, node, masks[index] === undefined || given !== undefined ? "data" : "masked");
          if (given !== undefined) add(given, node, "mask");
        }
        for (const state of node.initialState ?? []) add(state, node, "state");
      },
    },
  );
  return arrows;
}

function drawBox({ node, lines, width, height, kind }: Box, { centres }: Layout, index: number): string {
  const { x, y } = centres[index] as Point;
  const [left, top] = [x - width / 2, y - height / 2];
  const texts = lines.map(
    (line, place) =>
      `<text class="line" x="${round(x)}" ` +
      `y="${round(top + TITLE_HEIGHT + 12 + place * LINE_HEIGHT)}">${escapeXml(line)}</text>`,
  );
  const size = `width="${round(width)}" height="${round(height)}"`;
  const title = `<text class="title" x="${round(x)}" y="${round(top + 18)}">${escapeXml(node.layer.name)}</text>`;
  const box = `<rect x="${round(left)}" y="${round(top)}" ${size} rx="6"/>`;
  return `<g class="box ${kind}">${box}${title}${texts.join("")}</g>`;
}

/** A smooth path through the points, vertical at both ends. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points as readonly [Point, ...Point[]];
  let before = first;
  const parts = rest.map((point) => {
    const middle = (before.y + point.y) / 2;
    const [x, y] = [round(point.x), round(point.y)];
    const part = `C ${round(before.x)} ${round(middle)}, ${x} ${round(middle)}, ${x} ${y}`;
    before = point;
    return part;
  });
  return `M ${round(first.x)} ${round(first.y)} ${parts.join(" ")}`;
}

const MEANINGS = { masked: "carries a mask", mask: "is the mask", state: "is the initial state" } as const;

function legendOf(arrows: readonly Arrow[]): string {
  let x = 0;
  return Object.entries(MEANINGS)
    .filter(([kind]) => arrows.some((arrow) => arrow.kind === kind))
    .map(([kind, meaning]) => {
      const line = `<path class="arrow ${kind}" d="M ${x} 6 H ${x + 22}"/>`;
      const entry = `${line}<text class="line legend" x="${x + 28}" y="10">${meaning}</text>`;
      x += 48 + meaning.length * LINE_CHARACTER;
      return entry;
    })
    .join("");
}

const COLOURS = { data: "#64748b", masked: "#b45309", mask: "#b45309", state: "#7c3aed" } as const;

const STYLE = `<style>
.page { fill: #ffffff }
.box rect { fill: #f8fafc; stroke: #94a3b8 }
.box.input rect { fill: #e0f2fe; stroke: #0284c7 }
.box.output rect { fill: #dcfce7; stroke: #16a34a }
text { font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #0f172a; text-anchor: middle }
.title { font-size: 13px; font-weight: 600 }
.line { font-size: 11px; fill: #475569 }
.legend { text-anchor: start }
.arrow { fill: none; stroke-width: 1.5 }
${Object.entries(COLOURS)
  .map(
    ([kind, colour]) =>
      `.${kind} { stroke: ${colour}${kind === "mask" || kind === "state" ? "; stroke-dasharray: 4 3" : ""} }`,
  )
  .join("\n")}
</style>
<defs>${Object.entries(COLOURS)
  .map(
    ([kind, colour]) =>
      `<marker id="head-${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" ` +
      `orient="auto"><path d="M 0 0 L 8 4 L 0 8 z" fill="${colour}"/></marker>`,
  )
  .join("")}</defs>`;
