// Matmul with tiles of A and B in workgroup memory: 64 x 64 outputs per workgroup, 8 x 8 per invocation. For hardware.
// Put together with matmul_common.wgsl and one of matmul_out_*.wgsl.
//
// An invocation's rows (columns) are four and four, half a tile apart, so that neighbours read neighbouring vec4s.
// Register and workgroup tiling after S. Boehm, "How to optimize a CUDA matmul kernel" (2022).

const SIDE = 64u; // rows and columns of a workgroup
const DEPTH = 16u; // k per step
const THREADS = 64u;
const SIDE_VECTORS = 16u; // SIDE / 4
const HALF = 8u; // vec4s of half a side, and invocations along a side
const TILE_VECTORS = DEPTH * SIDE_VECTORS;
const UNROLLED = 4u; // k per pass of the inner loop

var<workgroup> tile_a: array<vec4f, TILE_VECTORS>; // [DEPTH, SIDE / 4] rows
var<workgroup> tile_b: array<vec4f, TILE_VECTORS>; // [DEPTH, SIDE / 4] columns

// Four rows of A at one k; zeros past the end of K.
fn rowsAt(place: Place, row: u32, k: u32) -> vec4f {
  if (k >= place.k_end) {
    return vec4f();
  }
  let last = params.M - 1u;
  if (TRANSPOSE_A) {
    return vectorA(place.a + k * params.M, row, last);
  }
  return vec4f(
    elementA(place.a, min(row, last), k),
    elementA(place.a, min(row + 1u, last), k),
    elementA(place.a, min(row + 2u, last), k),
    elementA(place.a, min(row + 3u, last), k),
  );
}

// Four columns of B at one k; zeros past the end of K.
fn columnsAt(place: Place, column: u32, k: u32) -> vec4f {
  if (k >= place.k_end) {
    return vec4f();
  }
  let last = params.N - 1u;
  if (TRANSPOSE_B) {
    return vec4f(
      elementB(place.b, k, min(column, last)),
      elementB(place.b, k, min(column + 1u, last)),
      elementB(place.b, k, min(column + 2u, last)),
      elementB(place.b, k, min(column + 3u, last)),
    );
  }
  return vectorB(place.b + k * params.N, column, last);
}

@compute @workgroup_size(HALF, HALF)
fn tiled(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let place = placeOf(workgroup.z + params.first_batch);
  let first_column = (workgroup.x + params.first_column) * SIDE;
  let first_row = (workgroup.y + params.first_row) * SIDE;
  var sum: array<vec4f, 16>; // [8 rows, 2 vec4s of columns]
  for (var k0 = place.k_begin; k0 < place.k_end; k0 += DEPTH) {
    // Four rows (columns) of one k at a time. Neighbours read what is neighbouring in memory.
    for (var i = lane; i < TILE_VECTORS; i += THREADS) {
      var group = i % SIDE_VECTORS;
      var depth = i / SIDE_VECTORS;
      if (!TRANSPOSE_A) {
        depth = i % DEPTH;
        group = i / DEPTH;
      }
      tile_a[depth * SIDE_VECTORS + group] = rowsAt(place, first_row + group * 4u, k0 + depth);
      group = i % SIDE_VECTORS;
      depth = i / SIDE_VECTORS;
      if (TRANSPOSE_B) {
        depth = i % DEPTH;
        group = i / DEPTH;
      }
      tile_b[depth * SIDE_VECTORS + group] = columnsAt(place, first_column + group * 4u, k0 + depth);
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k += UNROLLED) {
      // @unroll
      for (var j = 0u; j < UNROLLED; j++) {
        let at = (k + j) * SIDE_VECTORS;
        let rows0 = tile_a[at + local.y];
        let rows1 = tile_a[at + local.y + HALF];
        let columns0 = tile_b[at + local.x];
        let columns1 = tile_b[at + local.x + HALF];
        // @unroll
        for (var r = 0u; r < 4u; r++) {
          sum[r * 2u + 0u] += rows0[r] * columns0;
          sum[r * 2u + 1u] += rows0[r] * columns1;
          sum[r * 2u + 8u] += rows1[r] * columns0;
          sum[r * 2u + 9u] += rows1[r] * columns1;
        }
      }
    }
    workgroupBarrier();
  }
  let column0 = first_column + local.x * 4u;
  let column1 = column0 + HALF * 4u;
  let biases0 = biasFrom(column0);
  let biases1 = biasFrom(column1);
  for (var r = 0u; r < min(8u, params.M); r++) { // not unrolled: stores are slow to compile on software adapters
    var sums0 = vec4f();
    var sums1 = vec4f();
    // @unroll
    for (var i = 0u; i < 8u; i++) {
      sums0 = select(sums0, sum[i * 2u + 0u], r == i);
      sums1 = select(sums1, sum[i * 2u + 1u], r == i);
    }
    let row = first_row + local.y * 4u + r % 4u + r / 4u * (HALF * 4u);
    store(place.out, row, column0, finish(sums0, biases0));
    store(place.out, row, column1, finish(sums1, biases1));
  }
}
