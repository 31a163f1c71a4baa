// Batched matrix product with an epilogue: out = activation(A · B + bias).
//
// A is [.., M, K] ([.., K, M] with TRANSPOSE_A), B is [.., K, N] ([.., N, K] with TRANSPOSE_B); batch axes broadcast by
// strides that may be 0. Entry points, from plain to fast:
//   naive    one output per invocation: the baseline
//   tiled    64 x 64 outputs per workgroup, tiles of A and B in workgroup memory: for hardware
//   direct   ROWS x 4·COLUMNS outputs per invocation in registers, operands read as vec4: for software adapters
//   combine  adds the partial products of a split K in a fixed order, then the epilogue
//
// @binding(1) a    : f32 (read)           read as vec4 where its rows are whole vec4s (ElementA)
// @binding(2) b    : f32 (read)           the same (ElementB)
// @binding(3) out  : f32[batch, M, N] (read_write); [splits, batch, M, N] when K is split
// @binding(4) bias : f32[N] or f32[1] (read); with HAS_BIAS false any buffer
//
// Workgroups of the products: x tiles of N, y tiles of M, z batch · splits, each plus params.first_*; of combine: folded.
// Numerics: float32; products are added in order of k within a split, splits in order.
// sigmoid and tanh are written from exp with clamped arguments: tanh() is NaN on some drivers (gpuweb #5206).
// Register and workgroup tiling after S. Boehm, "How to optimize a CUDA matmul kernel" (2022).

const TRANSPOSE_A = false;
const TRANSPOSE_B = false;
const HAS_EPILOGUE = true; // false where there is none, and before `combine`
const HAS_BIAS = false;
const HAS_TAIL = true; // direct: K is not a whole number of vec4s
const ACTIVATION = 0u; // 0 linear, 1 relu, 2 sigmoid, 3 tanh, 4 softplus
alias ElementA = f32;
alias ElementB = f32;
const VECTOR_A = false;
const VECTOR_B = false;
const WIDTH = 8u; // direct: invocations along N
const HEIGHT = 8u; // direct: invocations along M
const ROWS = 8u; // direct: rows of an invocation; with TRANSPOSE_A a multiple of 4
const COLUMNS = 2u; // direct: vec4s of columns of an invocation
const PRODUCT_SIZE = ROWS * COLUMNS;
const ROW_GROUPS = ROWS / 4u;
const SIDE = 64u; // tiled: rows and columns of a workgroup
const DEPTH = 16u; // tiled: k per step
const TILE_VECTORS = DEPTH * 16u;

struct Params {
  M: u32,
  N: u32,
  K: u32,
  splits: u32,
  split_size: u32, // k per split, a multiple of 4
  first_column: u32, // first tile of N, of M, and first batch · splits + split of this dispatch
  first_row: u32,
  first_batch: u32,
  batch: u32,
  size1: u32, // sizes of the inner batch axes; the outermost needs none
  size2: u32,
  size3: u32,
  a_stride0: u32, // batch strides in elements, outermost first
  a_stride1: u32,
  a_stride2: u32,
  a_stride3: u32,
  b_stride0: u32,
  b_stride1: u32,
  b_stride2: u32,
  b_stride3: u32,
  bias_stride: u32, // 1, or 0 for a scalar
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<ElementA>;
@group(0) @binding(2) var<storage, read> b: array<ElementB>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

var<workgroup> tile_a: array<vec4f, TILE_VECTORS>; // [DEPTH, 64 / 4] rows
var<workgroup> tile_b: array<vec4f, TILE_VECTORS>; // [DEPTH, 64 / 4] columns

/// Where a workgroup's product lies: the bases of A, B and out, and its range of k.
struct Place {
  a: u32,
  b: u32,
  out: u32,
  k_begin: u32,
  k_end: u32,
}

fn placeOf(z: u32) -> Place {
  let batch = z / params.splits;
  let split = z % params.splits;
  let i3 = batch % params.size3;
  let i2 = batch / params.size3 % params.size2;
  let i1 = batch / (params.size3 * params.size2) % params.size1;
  let i0 = batch / (params.size3 * params.size2 * params.size1);
  var place: Place;
  place.a = i0 * params.a_stride0 + i1 * params.a_stride1 + i2 * params.a_stride2 + i3 * params.a_stride3;
  place.b = i0 * params.b_stride0 + i1 * params.b_stride1 + i2 * params.b_stride2 + i3 * params.b_stride3;
  place.out = (split * params.batch + batch) * params.M * params.N;
  place.k_begin = min(split * params.split_size, params.K);
  place.k_end = min(place.k_begin + params.split_size, params.K);
  return place;
}

// One element. vec4f(x) is x itself or a splat, so that both element types compile.
fn scalarA(index: u32) -> f32 {
  if (VECTOR_A) {
    return vec4f(a[index / 4u])[index % 4u];
  }
  return vec4f(a[index]).x;
}

fn scalarB(index: u32) -> f32 {
  if (VECTOR_B) {
    return vec4f(b[index / 4u])[index % 4u];
  }
  return vec4f(b[index]).x;
}

fn elementA(base: u32, row: u32, k: u32) -> f32 {
  if (TRANSPOSE_A) {
    return scalarA(base + k * params.M + row);
  }
  return scalarA(base + row * params.K + k);
}

fn elementB(base: u32, k: u32, column: u32) -> f32 {
  if (TRANSPOSE_B) {
    return scalarB(base + column * params.K + k);
  }
  return scalarB(base + k * params.N + column);
}

// Four neighbours in memory, the last of them at most `last`: past it they repeat, and their products are not stored.
fn vectorA(start: u32, position: u32, last: u32) -> vec4f {
  if (VECTOR_A) {
    return vec4f(a[(start + min(position, last)) / 4u]);
  }
  return vec4f(
    scalarA(start + min(position, last)),
    scalarA(start + min(position + 1u, last)),
    scalarA(start + min(position + 2u, last)),
    scalarA(start + min(position + 3u, last)),
  );
}

fn vectorB(start: u32, position: u32, last: u32) -> vec4f {
  if (VECTOR_B) {
    return vec4f(b[(start + min(position, last)) / 4u]);
  }
  return vec4f(
    scalarB(start + min(position, last)),
    scalarB(start + min(position + 1u, last)),
    scalarB(start + min(position + 2u, last)),
    scalarB(start + min(position + 3u, last)),
  );
}

fn activate(x: vec4f) -> vec4f {
  if (ACTIVATION == 1u) {
    return max(x, vec4f());
  }
  if (ACTIVATION == 2u) {
    return 1.0 / (1.0 + exp(-clamp(x, vec4f(-88.0), vec4f(88.0))));
  }
  if (ACTIVATION == 3u) {
    // Near 0 the series keeps the relative precision that 1 - exp(-2x) loses.
    let square = x * x;
    let series = x * (1.0 + square * (-0.33333333 + square * (0.13333333 - square * 0.053968254)));
    let decay = exp(-2.0 * min(abs(x), vec4f(15.0)));
    return select(sign(x) * (1.0 - decay) / (1.0 + decay), series, abs(x) < vec4f(0.2));
  }
  if (ACTIVATION == 4u) {
    return max(x, vec4f()) + log(1.0 + exp(-abs(x)));
  }
  return x;
}

fn biasOf(column: u32) -> f32 {
  return bias[min(column, params.N - 1u) * params.bias_stride];
}

// Finishes and stores the sums of four columns of a row, where they are inside the output.
fn store(base: u32, row: u32, column: u32, sums: vec4f) {
  var value = sums;
  if (HAS_EPILOGUE) {
    if (HAS_BIAS) {
      value += vec4f(biasOf(column), biasOf(column + 1u), biasOf(column + 2u), biasOf(column + 3u));
    }
    value = activate(value);
  }
  let index = base + row * params.N + column;
  if (row < params.M) {
    if (column < params.N) {
      out[index] = value.x;
    }
    if (column + 1u < params.N) {
      out[index + 1u] = value.y;
    }
    if (column + 2u < params.N) {
      out[index + 2u] = value.z;
    }
    if (column + 3u < params.N) {
      out[index + 3u] = value.w;
    }
  }
}

@compute @workgroup_size(8, 8)
fn naive(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let place = placeOf(workgroup.z + params.first_batch);
  let column = (workgroup.x + params.first_column) * 8u + local.x;
  let row = (workgroup.y + params.first_row) * 8u + local.y;
  if (row >= params.M || column >= params.N) {
    return;
  }
  var sum = 0.0;
  for (var k = place.k_begin; k < place.k_end; k++) {
    sum += elementA(place.a, row, k) * elementB(place.b, k, column);
  }
  if (HAS_BIAS && HAS_EPILOGUE) {
    sum += biasOf(column);
  }
  if (HAS_EPILOGUE) {
    sum = activate(vec4f(sum)).x;
  }
  out[place.out + row * params.N + column] = sum;
}

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
  for (var r = 0u; r < min(4u, params.M); r++) { // not unrolled: stores are slow to compile on software adapters
    var sums = vec4f();
    // @unroll
    for (var i = 0u; i < 4u; i++) {
      sums = select(sums, sum[i], r == i);
    }
    store(place.out, first_row + local.y * 4u + r, first_column + local.x * 4u, sums);
  }
}

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
  for (var r = 0u; r < min(ROWS, params.M - row); r++) { // not unrolled: stores are slow to compile on software adapters
    // @unroll
    for (var c = 0u; c < COLUMNS; c++) {
      var sums = vec4f();
      // @unroll
      for (var i = 0u; i < ROWS; i++) {
        sums = select(sums, acc[i * COLUMNS + c], r == i);
      }
      store(place.out, row + r, column + c * 4u, sums);
    }
  }
}

// a: [splits, batch, M, N] partial products; b is not used, and bound all the same.
@compute @workgroup_size(64)
fn combine(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let index = (workgroup.x + workgroup.y * count.x) * 64u + local.x;
  let size = params.batch * params.M * params.N;
  if (index >= size) {
    return;
  }
  var sum = 0.0;
  for (var split = 0u; split < params.splits; split++) {
    sum += scalarA(split * size + index);
  }
  if (HAS_BIAS) {
    sum += biasOf(index % params.N);
  }
  out[index] = activate(vec4f(sum)).x;
}
