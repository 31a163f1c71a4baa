// Elementwise kernels: functions that expressions may call beside those of activations.wgsl, which is put behind this
// file, and a kernel of its own: y = softplus(x).
// In a fused chain, kernels/elementwise/elementwise.ts gives other buffers, more params and another body of `store`.
//
// @binding(1) x : f32[size] (read)
// @binding(2) y : f32[size] (write)
//
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.

const WORKGROUP = 64u;

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

// The error function: a rational approximation, exact to a few units in the last place; +-1 from 4 on.
fn error_function(x : f32) -> f32 {
  let t = clamp(x, -4.0, 4.0);
  let s = t * t;
  var p = -2.72614225801306e-10;
  p = p * s + 2.77068142495902e-08;
  p = p * s - 2.10102402082508e-06;
  p = p * s - 5.69250639462346e-05;
  p = p * s - 7.34990630326855e-04;
  p = p * s - 2.95459980854025e-03;
  p = p * s - 1.60960333262415e-02;
  var q = -1.45660718464996e-05;
  q = q * s - 2.13374055278905e-04;
  q = q * s - 1.68282697438203e-03;
  q = q * s - 7.37332916720468e-03;
  q = q * s - 1.42647390514189e-02;
  return t * p / q;
}

// cos(2 pi x), by its series within an eighth of a turn of a multiple of a quarter.
fn cosine_turn(x : f32) -> f32 {
  let t = abs(x - round(x));
  let from_quarter = (t - 0.25) * 6.283185307;
  let a = from_quarter * from_quarter;
  let sine = from_quarter * (1.0 - a / 6.0 * (1.0 - a / 20.0 * (1.0 - a / 42.0 * (1.0 - a / 72.0))));
  let near = min(t, 0.5 - t) * 6.283185307;
  let b = near * near;
  let cosine = 1.0 - b / 2.0 * (1.0 - b / 12.0 * (1.0 - b / 30.0 * (1.0 - b / 56.0)));
  return select(select(cosine, -cosine, t > 0.25), -sine, abs(t - 0.25) < 0.125);
}

// A standard normal number from two uniform ones in [0, 1).
fn box_muller(u : f32, v : f32) -> f32 {
  return sqrt(-2.0 * log(1.0 - u)) * cosine_turn(v);
}

struct Params {
  size : u32,
}

@group(0) @binding(0) var<uniform> params : Params;
@group(0) @binding(1) var<storage, read> x : array<f32>;
@group(0) @binding(2) var<storage, read_write> y : array<f32>;

fn store(index : u32) {
  y[index] = softplus(x[index]);
}

@compute @workgroup_size(WORKGROUP)
fn elementwise(
  @builtin(workgroup_id) workgroup : vec3u,
  @builtin(num_workgroups) grid : vec3u,
  @builtin(local_invocation_index) local : u32,
) {
  let index = (workgroup.x + workgroup.y * grid.x) * WORKGROUP + local;
  if (index < params.size) {
    store(index);
  }
}
