// Matmul with ROWS x 4·COLUMNS outputs per invocation in registers. For software adapters without subgroups.
// Put together with matmul_common.wgsl and one of matmul_out_*.wgsl.

const WIDTH = 8u; // invocations along N
const HEIGHT = 8u; // invocations along M
const ROWS = 8u; // rows of an invocation; with TRANSPOSE_A a multiple of 4
const COLUMNS = 2u; // vec4s of columns of an invocation
const PRODUCT_SIZE = ROWS * COLUMNS;
const ROW_GROUPS = ROWS / 4u;

@compute @workgroup_size(WIDTH, HEIGHT)
fn direct(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let place = placeOf(workgroup.z + params.first_batch);
  let column = ((workgroup.x + params.first_column) * WIDTH + local.x) * (COLUMNS * 4u);
  let row = ((workgroup.y + params.first_row) * HEIGHT + local.y) * ROWS;
  if (row >= params.M || column >= params.N) {
    return;
  }
  let last_row = params.M - 1u;
  let last_column = params.N - 1u;
  var acc: array<vec4f, PRODUCT_SIZE>;
  var rows: array<vec4f, ROWS>; // four k of each row
  let k_whole = place.k_begin + (place.k_end - place.k_begin) / 4u * 4u;
  for (var k = place.k_begin; k < k_whole; k += 4u) {
    if (TRANSPOSE_A) {
      // @unroll
      for (var g = 0u; g < ROW_GROUPS; g++) {
        let start = place.a + k * params.M;
        let k0 = vectorA(start, row + g * 4u, last_row);
        let k1 = vectorA(start + params.M, row + g * 4u, last_row);
        let k2 = vectorA(start + 2u * params.M, row + g * 4u, last_row);
        let k3 = vectorA(start + 3u * params.M, row + g * 4u, last_row);
        rows[g * 4u + 0u] = vec4f(k0.x, k1.x, k2.x, k3.x);
        rows[g * 4u + 1u] = vec4f(k0.y, k1.y, k2.y, k3.y);
        rows[g * 4u + 2u] = vec4f(k0.z, k1.z, k2.z, k3.z);
        rows[g * 4u + 3u] = vec4f(k0.w, k1.w, k2.w, k3.w);
      }
    } else {
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        rows[r] = vectorA(place.a + min(row + r, last_row) * params.K, k, params.K - 1u);
      }
    }
    // @unroll
    for (var c = 0u; c < COLUMNS; c++) {
      let first = column + c * 4u;
      var k0: vec4f; // four columns of each of four k
      var k1: vec4f;
      var k2: vec4f;
      var k3: vec4f;
      if (TRANSPOSE_B) {
        let c0 = vectorB(place.b + min(first, last_column) * params.K, k, params.K - 1u);
        let c1 = vectorB(place.b + min(first + 1u, last_column) * params.K, k, params.K - 1u);
        let c2 = vectorB(place.b + min(first + 2u, last_column) * params.K, k, params.K - 1u);
        let c3 = vectorB(place.b + min(first + 3u, last_column) * params.K, k, params.K - 1u);
        k0 = vec4f(c0.x, c1.x, c2.x, c3.x);
        k1 = vec4f(c0.y, c1.y, c2.y, c3.y);
        k2 = vec4f(c0.z, c1.z, c2.z, c3.z);
        k3 = vec4f(c0.w, c1.w, c2.w, c3.w);
      } else {
        let start = place.b + k * params.N;
        k0 = vectorB(start, first, last_column);
        k1 = vectorB(start + params.N, first, last_column);
        k2 = vectorB(start + 2u * params.N, first, last_column);
        k3 = vectorB(start + 3u * params.N, first, last_column);
      }
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        acc[r * COLUMNS + c] += rows[r].x * k0;
        acc[r * COLUMNS + c] += rows[r].y * k1;
        acc[r * COLUMNS + c] += rows[r].z * k2;
        acc[r * COLUMNS + c] += rows[r].w * k3;
      }
    }
  }
  for (var k = k_whole; HAS_TAIL && k < place.k_end; k++) {
    // @unroll
    for (var r = 0u; r < ROWS; r++) {
      rows[r].x = elementA(place.a, min(row + r, last_row), k);
    }
    // @unroll
    for (var c = 0u; c < COLUMNS; c++) {
      let first = column + c * 4u;
      let columns = vec4f(
        elementB(place.b, k, min(first, last_column)),
        elementB(place.b, k, min(first + 1u, last_column)),
        elementB(place.b, k, min(first + 2u, last_column)),
        elementB(place.b, k, min(first + 3u, last_column)),
      );
      // @unroll
      for (var r = 0u; r < ROWS; r++) {
        acc[r * COLUMNS + c] += rows[r].x * columns;
      }
    }
  }
  var biases: array<vec4f, COLUMNS>;
  // @unroll
  for (var c = 0u; c < COLUMNS; c++) {
    biases[c] = biasFrom(column + c * 4u);
  }
  // not unrolled: stores are slow to compile on software adapters
  for (var r = 0u; r < min(ROWS, params.M - row); r++) {
    // @unroll
    for (var c = 0u; c < COLUMNS; c++) {
      var sums = vec4f();
      // @unroll
      for (var i = 0u; i < ROWS; i++) {
        sums = select(sums, acc[i * COLUMNS + c], r == i);
      }
      store(place.out, row + r, column + c * 4u, finish(sums, biases[c]));
    }
  }
}
