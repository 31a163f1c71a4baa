// Functions that elementwise expressions may call, and a kernel of their own: y = softplus(x).
// Fused chains are the one generated kernel: src/kernels/elementwise.ts keeps the functions below and writes the rest.
//
// @binding(0) params : Params (uniform)
// @binding(1) x : f32[size] (read)
// @binding(2) y : f32[size] (write)
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: exp is clamped away from overflow; tanh is written with exp, because some drivers' own is NaN for large
// arguments and others' is off by 1e-5.

const WORKGROUP = 64u;

// 1 / (1 + e^-x); e^88 is the largest power that f32 holds.
fn sigmoid(x : f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(x, -88.0, 88.0)));
}

// Near 0 the quotient would cancel: two terms of the series are exact enough there.
fn tangent_h(x : f32) -> f32 {
  let e = exp(-2.0 * min(abs(x), 20.0));
  let far = (1.0 - e) / (1.0 + e);
  let near = abs(x) * (1.0 - x * x / 3.0);
  return sign(x) * select(far, near, abs(x) < 0.02);
}

fn softplus(x : f32) -> f32 {
  return max(x, 0.0) + log(1.0 + exp(-abs(x)));
}

// WGSL's pow is undefined for a negative base.
fn power(base : f32, exponent : f32) -> f32 {
  let magnitude = pow(max(abs(base), 1e-38), exponent);
  let is_odd = abs(exponent - 2.0 * floor(exponent * 0.5)) == 1.0;
  var result = select(magnitude, -magnitude, base < 0.0 && is_odd);
  if (base == 0.0 && exponent > 0.0) {
    result = 0.0;
  }
  return select(result, 1.0, exponent == 0.0);
}

// GENERATED BELOW: everything after this line is replaced in a fused kernel.

struct Params {
  size : u32,
}

@group(0) @binding(0) var<uniform> params : Params;
@group(0) @binding(1) var<storage, read> x : array<f32>;
@group(0) @binding(2) var<storage, read_write> y : array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup : vec3u,
  @builtin(num_workgroups) grid : vec3u,
  @builtin(local_invocation_index) local : u32,
) {
  let index = (workgroup.x + workgroup.y * grid.x) * WORKGROUP + local;
  if (index >= params.size) {
    return;
  }
  y[index] = softplus(x[index]);
}
