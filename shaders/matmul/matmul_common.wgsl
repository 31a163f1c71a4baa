// What the matmul kernels share: out = activation(A · B + bias), batched.
//
// A is [.., M, K] ([.., K, M] with TRANSPOSE_A), B is [.., K, N] ([.., N, K] with TRANSPOSE_B); batch axes broadcast by
// strides that may be 0. This file holds the bindings, where a workgroup's product lies, reading operands, and the
// epilogue. src/kernels/matmul/matmul_variants.ts puts it together with one of matmul_out_*.wgsl (how results are
// stored) and one of
//   matmul_naive.wgsl     one output per invocation: the baseline; and adding up the partial products of a split K
//   matmul_tiled.wgsl     64 x 64 outputs per workgroup, tiles of A and B in workgroup memory: for hardware
//   matmul_direct.wgsl    ROWS x 4·COLUMNS outputs per invocation: for software adapters without subgroups
//   matmul_subgroup.wgsl  ROWS x 4·COLUMNS·SUBGROUP outputs per subgroup: for software adapters
//
// @binding(1) a    : f32 (read)           read as vec4 where its rows are whole vec4s (ElementA)
// @binding(2) b    : f32 (read)           the same (ElementB)
// @binding(3) out  : f32[batch, M, N] (read_write); [splits, batch, M, N] when K is split
// @binding(4) bias : f32[N] or f32[1] (read); none with HAS_BIAS false
//
// Workgroups of the products: x tiles of N, y tiles of M, z batch · splits, each plus params.first_*.
// Numerics: float32; products are added in order of k within a split, splits in order.

const TRANSPOSE_A = false;
const TRANSPOSE_B = false;
const HAS_EPILOGUE = true; // false where there is none, and before `combine`
const HAS_BIAS = false;
const HAS_TAIL = true; // K is not a whole number of vec4s
const ACTIVATION = 0u; // its code in activations.wgsl, which is put behind the others
alias ElementA = f32;
alias ElementB = f32;
const VECTOR_A = false;
const VECTOR_B = false;

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
@group(0) @binding(4) var<storage, read> bias: array<f32>;

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

fn biasOf(column: u32) -> f32 {
  return bias[min(column, params.N - 1u) * params.bias_stride];
}

// The bias of four columns; zeros where there is none.
fn biasFrom(column: u32) -> vec4f {
  if (HAS_BIAS && HAS_EPILOGUE) {
    return vec4f(biasOf(column), biasOf(column + 1u), biasOf(column + 2u), biasOf(column + 3u));
  }
  return vec4f();
}

fn finish(sums: vec4f, biases: vec4f) -> vec4f {
  if (HAS_EPILOGUE) {
    return activate_each(ACTIVATION, sums + biases);
  }
  return sums;
}
