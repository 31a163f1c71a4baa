// Matmul with tiles of A and B in workgroup memory: 64 x 64 outputs per workgroup, 4 x 4 per invocation. For hardware.
// Follows matmul_common.wgsl and one of matmul_out_*.wgsl.
//
// Register and workgroup tiling after S. Boehm, "How to optimize a CUDA matmul kernel" (2022).

const SIDE = 64u; // rows and columns of a workgroup
const DEPTH = 16u; // k per step
const TILE_VECTORS = DEPTH * 16u;

var<workgroup> tile_a: array<vec4f, TILE_VECTORS>; // [DEPTH, 64 / 4] rows
var<workgroup> tile_b: array<vec4f, TILE_VECTORS>; // [DEPTH, 64 / 4] columns

@compute @workgroup_size(16, 16)
fn tiled(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let place = placeOf(workgroup.z + params.first_batch);
  let first_column = (workgroup.x + params.first_column) * SIDE;
  let first_row = (workgroup.y + params.first_row) * SIDE;
  var sum: array<vec4f, 4>;
  for (var k0 = place.k_begin; k0 < place.k_end; k0 += DEPTH) {
    // Every invocation brings one vec4 of each tile: four rows (columns) of one k. Neighbours read neighbours.
    var group = lane % 16u;
    var depth = lane / 16u;
    if (!TRANSPOSE_A) {
      depth = lane % 16u;
      group = lane / 16u;
    }
    var value = vec4f();
    if (k0 + depth < place.k_end) {
      let row = first_row + group * 4u;
      let last = params.M - 1u;
      if (TRANSPOSE_A) {
        value = vectorA(place.a + (k0 + depth) * params.M, row, last);
      } else {
        value = vec4f(
          elementA(place.a, min(row, last), k0 + depth),
          elementA(place.a, min(row + 1u, last), k0 + depth),
          elementA(place.a, min(row + 2u, last), k0 + depth),
          elementA(place.a, min(row + 3u, last), k0 + depth),
        );
      }
    }
    tile_a[depth * 16u + group] = value;
    group = lane % 16u;
    depth = lane / 16u;
    if (TRANSPOSE_B) {
      depth = lane % 16u;
      group = lane / 16u;
    }
    value = vec4f();
    if (k0 + depth < place.k_end) {
      let column = first_column + group * 4u;
      let last = params.N - 1u;
      if (TRANSPOSE_B) {
        value = vec4f(
          elementB(place.b, k0 + depth, min(column, last)),
          elementB(place.b, k0 + depth, min(column + 1u, last)),
          elementB(place.b, k0 + depth, min(column + 2u, last)),
          elementB(place.b, k0 + depth, min(column + 3u, last)),
        );
      } else {
        value = vectorB(place.b + (k0 + depth) * params.N, column, last);
      }
    }
    tile_b[depth * 16u + group] = value;
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let rows = tile_a[k * 16u + local.y];
      let columns = tile_b[k * 16u + local.x];
      // @unroll
      for (var r = 0u; r < 4u; r++) {
        sum[r] += rows[r] * columns;
      }
    }
    workgroupBarrier();
  }
  let column = first_column + local.x * 4u;
  let biases = biasFrom(column);
  for (var r = 0u; r < min(4u, params.M); r++) { // not unrolled: stores are slow to compile on software adapters
    var sums = vec4f();
    // @unroll
    for (var i = 0u; i < 4u; i++) {
      sums = select(sums, sum[i], r == i);
    }
    store(place.out, first_row + local.y * 4u + r, column, finish(sums, biases));
  }
}

