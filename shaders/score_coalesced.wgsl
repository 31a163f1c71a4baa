// Scores of rows where SPAN neighbours read a row together, line by line as memory keeps it. For few queries, where memory is
// what limits, and on GPUs.
//
// Workgroup: a tile of TILE rows (one word of the mask) and QUERIES queries. Of SPAN invocations each owns every SPAN-th vec4
// of ROWS rows and of the queries, and reads both once. Partial sums meet in workgroup memory.
// Workgroups: tiles folded over x and y, ceil(Q / QUERIES) in z.

const QUERIES = 1u; // queries of a workgroup
const ROWS = 4u; // rows of an invocation
const TILE = 32u;
const SPAN = 8u;
const WORKGROUP = TILE / ROWS * SPAN;
const SUMS = ROWS * QUERIES;
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
  var acc: array<f32, SUMS>;
  if (allowed != 0u) {
    let base = (first + own) * width;
    for (var k = span; k < width; k += SPAN) {
      var rows: array<vec4f, ROWS>;
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        rows[r] = fourAt(base + r * width + k);
      }
      // @unroll
      for (var q = 0u; q < QUERIES; q++) {
        let x = queries[min(query + q, params.queries - 1u) * width + k];
        // @unroll
        for (var r = 0u; r < ROWS; r++) {
          acc[q * ROWS + r] += dot(rows[r], x);
        }
      }
    }
  }
  // @unroll
  for (var q = 0u; q < QUERIES; q++) {
    // @unroll
    for (var r = 0u; r < ROWS; r++) {
      partials[(q * TILE + own + r) * SPAN + span] = acc[q * ROWS + r];
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
      scores[which * params.rows + first + row] = select(EXCLUDED, sum * term.x + term.y, ((allowed >> row) & 1u) != 0u);
    }
  }
}
