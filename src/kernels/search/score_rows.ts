/** Scores of stored vectors against queries: the pass over an index's memory. */
import coalesced from "../../../shaders/search/score_coalesced.wgsl?raw" with { type: "text" };
import common from "../../../shaders/search/score_common.wgsl?raw" with { type: "text" };
import float32 from "../../../shaders/search/score_float32.wgsl?raw" with { type: "text" };
import int8 from "../../../shaders/search/score_int8.wgsl?raw" with { type: "text" };
import lanes from "../../../shaders/search/score_lanes.wgsl?raw" with { type: "text" };
import { ShapeError } from "../../core/errors.ts";
import { type AdapterTraits, type Dispatch, foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { checkSize, dispatch, expectSize, variantNamed } from "../wgsl/dispatch.ts";
import { type Constants, Shader } from "../wgsl/shader.ts";

/** The score of a row that the mask leaves out: float32's lowest number. */
export const EXCLUDED_SCORE = -3.4028234663852886e38;

/** A table has a multiple of so many rows. */
export const ROW_ALIGNMENT = 64;

/** Operands of `scoreRowsCall`. */
export interface ScoreOperands {
  /** float32 `[C, 4 · width]`, or int32 `[C, width]` that holds four int8 in each element. */
  readonly table: Operand;
  /** float32 `[C, 2]`: scale and bias of each row. */
  readonly terms: Operand;
  /** int32 `[C / 32]`: bit r % 32 of element r / 32 says whether row r counts. */
  readonly mask: Operand;
  /** float32 `[Q, 4 · width]`. */
  readonly queries: Operand;
}

const VARIANTS = ["lanes", "coalesced"] as const;
type Variant = (typeof VARIANTS)[number];

const SHADERS = {
  lanes: {
    int8: Shader.of({ score_int8: int8, score_common: common, score_lanes: lanes }),
    float32: Shader.of({ score_float32: float32, score_common: common, score_lanes: lanes }),
  },
  coalesced: {
    int8: Shader.of({ score_int8: int8, score_common: common, score_coalesced: coalesced }),
    float32: Shader.of({ score_float32: float32, score_common: common, score_coalesced: coalesced }),
  },
} as const;

const LANES = 8;
const SUBGROUP_SIZES: readonly number[] = [4, 8, 16];
/** Queries of a workgroup at most: so many sums fit the registers. */
const MOST_QUERIES = { lanes: 32, coalesced: 8 } as const;
/** Up to so many queries are read by neighbours together: beyond, multiply-adds cost more than loads. */
const FEW_QUERIES = { lavapipe: 4, swiftshader: 1, gpu: Number.POSITIVE_INFINITY } as const;
/** A query's vec4s that a subgroup loads at once: more compile longer and save little. */
const MOST_STEPS = 4;
const STORED = 4;
const COALESCED_TILE = 32;
/** Rows of an invocation: a barrier is dear where one core runs all of a workgroup. */
const COALESCED_ROWS = { lavapipe: 32, swiftshader: 32, gpu: 4 } as const;
/**
 * Stored of a row that an invocation reads in one turn, the best first: more compile longer and fall out of the
 * instruction cache. One float32 query on lavapipe leaves room for more, so that rows are read whole, as a processor
 * that reads ahead likes it.
 */
const COALESCED_STEPS = {
  alone: [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
  float32: [4, 5, 6, 3, 2, 1],
  int8: [6, 5, 4, 3, 2, 1],
} as const;
/** Loading a number costs about as much as so many multiply-adds. */
const LOAD_COST = 4;

/**
 * scores[q, r] = (queries[q] · table[r]) · terms[r, 0] + terms[r, 1], and `EXCLUDED_SCORE` where the mask's bit is 0.
 * @throws ShapeError when sizes do not fit, or C is no multiple of 64.
 */
export function scoreRowsCall({ table, terms, mask, queries }: ScoreOperands, scores: Operand): KernelCall {
  const [rows = 0, stored = 0] = table.shape;
  const [count = 0] = queries.shape;
  const isInt8 = table.dtype !== "float32";
  const width = isInt8 ? stored : stored / 4;
  if (rows % ROW_ALIGNMENT !== 0 || !Number.isInteger(width)) {
    throw new ShapeError(
      `scoreRows: the table is [${table.shape}]; expected a multiple of ${ROW_ALIGNMENT} rows of a multiple of 4 ` +
        "numbers",
      { shape: table.shape },
    );
  }
  expectSize("scoreRows", "terms", terms, rows * 2);
  expectSize("scoreRows", "mask", mask, rows / 32);
  expectSize("scoreRows", "queries", queries, count * width * 4);
  expectSize("scoreRows", "scores", scores, count * rows);
  checkSize("scoreRows", table);
  checkSize("scoreRows", scores);
  return {
    kernel: "scoreRows",
    reads: { table, terms, mask, queries },
    writes: { scores },
    variants: VARIANTS,
    shapeClass: `${table.dtype} [${rows}, ${width}], ${count} queries`,
    plan: (adapter, name) => ({
      dispatches:
        rows * count === 0
          ? []
          : dispatches({ table, terms, mask, queries, scores }, { rows, width, count, isInt8 }, adapter, name),
    }),
  };
}

interface Problem {
  readonly rows: number;
  readonly width: number;
  readonly count: number;
  readonly isInt8: boolean;
}

function dispatches(
  buffers: ScoreOperands & { readonly scores: Operand },
  problem: Problem,
  adapter: AdapterTraits,
  name: string | undefined,
): Dispatch[] {
  const { rows, width, count, isInt8 } = problem;
  const variant = variantOf(problem, adapter, name);
  const queries = Math.min(MOST_QUERIES[variant], 2 ** Math.ceil(Math.log2(count)));
  const hasSubgroups = variant === "lanes" && SUBGROUP_SIZES.includes(adapter.subgroupSize);
  const tile = variant === "lanes" ? 4 * (hasSubgroups ? adapter.subgroupSize : LANES) : COALESCED_TILE;
  const constants =
    variant === "lanes"
      ? laneConstants(tile / 4, queries, width, hasSubgroups)
      : { ...coalescedReading(problem, adapter), QUERIES: queries, ROWS: COALESCED_ROWS[adapter.kind] };
  const shader = SHADERS[variant][isInt8 ? "int8" : "float32"]
    .constants(constants)
    .features(hasSubgroups ? ["subgroups"] : []);
  const tiles = rows / tile;
  const cost = tile * width * 4 * (queries + LOAD_COST) * Math.ceil(count / queries);
  const most = Math.max(1, Math.floor((adapter.multiplyAddsPerSecond * adapter.dispatchSeconds) / cost));
  const chunk = Math.ceil(tiles / Math.ceil(tiles / most));
  const result: Dispatch[] = [];
  for (let first = 0; first < tiles; first += chunk) {
    const here = Math.min(chunk, tiles - first);
    const [x, y] = foldGrid(here, adapter);
    result.push(
      dispatch({
        label: `scoreRows/${variant}`,
        shader,
        entryPoint: variant,
        params: { first_tile: first, tiles: here, width, queries: count, rows },
        buffers: { ...buffers },
        workgroups: [x, y, Math.ceil(count / queries)],
        ...(first > 0 && { isExtraChunk: true }),
      }),
    );
  }
  return result;
}

/** @throws ValueError when there is no variant of that name. */
function variantOf(problem: Problem, adapter: AdapterTraits, name: string | undefined): Variant {
  if (name === undefined) {
    if (adapter.kind === "gpu") return "coalesced";
    const { width, count } = problem;
    const { SPAN, STEPS } = coalescedReading(problem, adapter);
    const read = Math.ceil(width / (SPAN * STEPS)) * SPAN * STEPS;
    return count <= FEW_QUERIES[adapter.kind] && read < 2 * width ? "coalesced" : "lanes";
  }
  return variantNamed("scoreRows", VARIANTS, name);
}

/**
 * How neighbours share a row: as many as the adapter has lanes, in turns that reach as little beyond its end as can
 * be.
 */
function coalescedReading(
  { width, count, isInt8 }: Problem,
  adapter: AdapterTraits,
): { readonly SPAN: number; readonly STEPS: number } {
  const span = adapter.kind === "swiftshader" ? 4 : LANES;
  const own = Math.ceil(width / span);
  const waste = (steps: number) => Math.ceil(own / steps) * steps - own;
  const isAlone = adapter.kind === "lavapipe" && count === 1;
  const choices: readonly number[] = COALESCED_STEPS[isInt8 ? "int8" : isAlone ? "alone" : "float32"];
  const steps = choices.reduce((best, next) => (waste(next) < waste(best) ? next : best));
  return { SPAN: span, STEPS: steps };
}

function laneConstants(lanesCount: number, queries: number, width: number, hasSubgroups: boolean): Constants {
  const groups = Math.max(1, queries / lanesCount);
  const share = queries / groups;
  const steps = hasSubgroups ? Math.min(MOST_STEPS, lanesCount / share) : 1;
  const stored = Math.min(STORED, queries);
  return {
    LANES: lanesCount,
    QUERIES: queries,
    GROUPS: groups,
    SHARE: share,
    STEPS: steps,
    STORED: stored,
    TURNS: queries / stored,
    HAS_TAIL: width % steps !== 0,
  };
}
