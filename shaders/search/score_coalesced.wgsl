// Scores of rows where SPAN neighbours read a row together, line by line as memory keeps it. For few queries, where
// reading is what limits, and on GPUs.
//
// Workgroup: a tile of TILE rows (one word of the mask) and QUERIES queries. Of SPAN invocations each owns every
// SPAN-th vec4 of ROWS rows: STEPS of them at a time, against the same vec4s of the queries, which stay in registers
// for all of its rows.
// So each number of the table is loaded once, and nothing else in that loop. Partial sums meet in workgroup memory.
// Workgroups: tiles folded over x and y, ceil(Q / QUERIES) in z.
//
// STEPS that read a row of 384 numbers whole (12) take 0.6 times as long on lavapipe as 4 do, whose reads jump from row
// to row (two cores of an AMD EPYC; on another processor they took as long). Two rows at once, 24 loads, no longer fit
// the instruction cache: 3 times as long.

const QUERIES = 1u; // queries of a workgroup
const ROWS = 4u; // rows of an invocation
const TILE = 32u;
const SPAN = 8u;
const STEPS = 4u; // vec4s of a row that an invocation reads in one turn
const WORKGROUP = TILE / ROWS * SPAN;
const HELD = QUERIES * STEPS;
const PARTIALS = TILE * SPAN * QUERIES;

@group(0) @binding(5) var<storage, read_write> scores: array<f32>;

var<workgroup> partials: array<f32, PARTIALS>; // [query][row][span]

@compute @workgroup_size(WORKGROUP)
fn coalesced(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = workgroup.x + workgroup.y * grid.x;
  if (tile >= params.tiles) {
    return;
  }
  let first = (params.first_tile + tile) * TILE;
  let query = workgroup.z * QUERIES;
  let own = local / SPAN * ROWS; // of the tile's rows
  let span = local % SPAN;
  let allowed = mask[first / 32u];
  let width = params.width;
  if (allowed != 0u) {
    for (var k = span; k < width; k += STEPS * SPAN) {
      // Beyond the width a query counts as 0: what is read there of the table, which is finite everywhere, adds
      // nothing.
      var held: array<vec4f, HELD>;
      // @unroll
      for (var q = 0u; q < QUERIES; q++) {
        let base = min(query + q, params.queries - 1u) * width;
        // @unroll
        for (var s = 0u; s < STEPS; s++) {
          let at = k + s * SPAN;
          held[q * STEPS + s] = select(vec4f(), queries[base + at], at < width);
        }
      }
      for (var r = 0u; r < ROWS; r++) {
        let at = (first + own + r) * width + k;
        // Set anew: Dawn (webgpu 0.6.2) leaves what a loop declares as the turn before left it.
        var acc: array<vec4f, QUERIES>;
        // @unroll
        for (var q = 0u; q < QUERIES; q++) {
          acc[q] = vec4f();
        }
        // @unroll
        for (var s = 0u; s < STEPS; s++) {
          let row = fourAt(at + s * SPAN);
          // @unroll
          for (var q = 0u; q < QUERIES; q++) {
            acc[q] += held[q * STEPS + s] * row;
          }
        }
        // @unroll
        for (var q = 0u; q < QUERIES; q++) {
          let place = (q * TILE + own + r) * SPAN + span;
          partials[place] = select(partials[place], 0.0, k == span) + dot(acc[q], vec4f(1.0));
        }
      }
    }
  }
  workgroupBarrier();
  for (var item = local; item < TILE * QUERIES; item += WORKGROUP) {
    let which = query + item / TILE;
    let row = item % TILE;
    if (which < params.queries) {
      var sum = 0.0;
      for (var i = 0u; i < SPAN; i++) {
        sum += partials[item * SPAN + i];
      }
      let pair = terms[(first + row) / 2u];
      let term = select(pair.xy, pair.zw, row % 2u == 1u);
      let isCounted = ((allowed >> row) & 1u) != 0u;
      scores[which * params.rows + first + row] = select(EXCLUDED, sum * term.x + term.y, isCounted);
    }
  }
}
