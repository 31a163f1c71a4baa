// Scores of rows where each invocation owns four rows. For software adapters, where a load is dear (see
// matmul_subgroup.wgsl):
// no number of the table is loaded twice, and a query's vec4 is loaded by one lane and passed to the others by
// subgroupBroadcast: SHARE queries and STEPS vec4s of each in one load of all lanes.
//
// Workgroup: LANES invocations, one subgroup where there are subgroups, for a tile of 4 · LANES rows and QUERIES
// queries.
// Workgroups: tiles folded over x and y, ceil(Q / QUERIES) in z.

// @with(subgroups) enable subgroups;

const LANES = 8u; // 4, 8 or 16
const QUERIES = 1u; // queries of a workgroup, a power of two
const GROUPS = 1u; // loads of queries for STEPS vec4s: QUERIES / LANES, at least 1
const SHARE = 1u; // queries of one load: QUERIES / GROUPS
const STEPS = 4u; // vec4s of each query in one load: at most LANES / SHARE
const STORED = 1u; // queries stored per turn of the last loop
const TURNS = 1u; // QUERIES / STORED
const HAS_TAIL = true; // the width is no multiple of STEPS
const TILE = LANES * 4u;

@group(0) @binding(5) var<storage, read_write> scores: array<vec4f>;

@compute @workgroup_size(LANES)
fn lanes(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = workgroup.x + workgroup.y * grid.x;
  if (tile >= params.tiles) {
    return;
  }
  let first = (params.first_tile + tile) * TILE;
  let query = workgroup.z * QUERIES;
  let row = first + lane * 4u;
  var allowed = (mask[first / 32u] >> (first % 32u)) & (0xffffffffu >> (32u - min(TILE, 32u)));
  if (TILE > 32u) {
    allowed |= mask[first / 32u + 1u];
  }
  var acc: array<vec4f, QUERIES>;
  if (allowed != 0u) {
    let base = row * params.width;
    let width = params.width;
    for (var k = 0u; k < width; k += STEPS) {
      // @with(subgroups) var held: array<vec4f, GROUPS>;
      // @with(subgroups) // @unroll
      // @with(subgroups) for (var g = 0u; g < GROUPS; g++) {
      // @with(subgroups)   let which = min(query + g * SHARE + lane % SHARE, params.queries - 1u);
      // @with(subgroups)   held[g] = queries[which * width + min(k + lane / SHARE, width - 1u)];
      // @with(subgroups) }
      // @unroll
      for (var s = 0u; s < STEPS; s++) {
        if (!HAS_TAIL || k + s < width) {
          let r0 = fourAt(base + k + s);
          let r1 = fourAt(base + width + k + s);
          let r2 = fourAt(base + 2u * width + k + s);
          let r3 = fourAt(base + 3u * width + k + s);
          // @unroll
          for (var q = 0u; q < QUERIES; q++) {
            // @with(subgroups) let x = subgroupBroadcast(held[q / SHARE], s * SHARE + q % SHARE);
            let x = queries[min(query + q, params.queries - 1u) * width + k + s]; // @without(subgroups)
            acc[q] += x.x * vec4f(r0.x, r1.x, r2.x, r3.x);
            acc[q] += x.y * vec4f(r0.y, r1.y, r2.y, r3.y);
            acc[q] += x.z * vec4f(r0.z, r1.z, r2.z, r3.z);
            acc[q] += x.w * vec4f(r0.w, r1.w, r2.w, r3.w);
          }
        }
      }
    }
  }
  let pair0 = terms[row / 2u];
  let pair1 = terms[row / 2u + 1u];
  let scale = vec4f(pair0.x, pair0.z, pair1.x, pair1.z);
  let bias = vec4f(pair0.y, pair0.w, pair1.y, pair1.w);
  let bits = vec4u(mask[row / 32u] >> (row % 32u)) & vec4u(1u, 2u, 4u, 8u);
  for (var turn = 0u; turn < TURNS; turn++) {
    // @unroll
    for (var j = 0u; j < STORED; j++) {
      var sums = vec4f();
      // @unroll
      for (var i = 0u; i < TURNS; i++) {
        sums = select(sums, acc[i * STORED + j], turn == i);
      }
      let which = query + turn * STORED + j;
      if (which < params.queries) {
        scores[(which * params.rows + row) / 4u] = select(vec4f(EXCLUDED), sums * scale + bias, bits != vec4u());
      }
    }
  }
}
