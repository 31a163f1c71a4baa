// One step of FTRL, "follow the regularized leader" (McMahan et al. 2013), as Keras 3 writes it, in place:
//
//   w -= w * rates[1];  next = accumulator + g * g;  s(x) = x^power
//   linear += g + 2 * shrinkage * w - (s(next) - s(accumulator)) / rates[0] * w
//   w = (clamp(linear, -l1, l1) - linear) / (s(next) / rates[0] + rates[2])
//
// The host writes rates[0], the learning rate, and rates[2] = 2 * l2 + beta / learning rate. `power` is minus the learning rate's power.
//
// @binding(1) w           : f32[size] (read, write)
// @binding(2) accumulator : f32[size], the sum of squares (read, write)
// @binding(3) linear      : f32[size] (read, write)
// @binding(4) gradient    : f32[size] (read)
// @binding(5) rates       : f32[6] (read)
// @binding(6) status      : i32[1]: not 0 once a loss or a gradient was not finite (read)
//
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: float32; nothing is written where status[0] is not 0. The accumulator is not negative.

struct Params {
  size: u32,
  power: f32,
  l1: f32,
  shrinkage: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> accumulator: array<f32>;
@group(0) @binding(3) var<storage, read_write> linear: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
@group(0) @binding(5) var<storage, read> rates: array<f32>;
@group(0) @binding(6) var<storage, read> status: array<i32>;

const THREADS = 64u;
// 1 where the power is 1/2, as it is unless asked otherwise: a square root is exact where a power is not.
const SQUARE_ROOT = 0u;

fn scaled(x: f32) -> f32 {
  if (SQUARE_ROOT == 1u) {
    return sqrt(x);
  }
  return select(pow(x, params.power), 1.0, params.power == 0.0);
}

@compute @workgroup_size(THREADS)
fn ftrl(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index >= params.size || status[0] != 0) {
    return;
  }
  let g = gradient[index];
  let decayed = w[index] - w[index] * rates[1];
  let before = accumulator[index];
  let next = before + g * g;
  var rise = scaled(next) - scaled(before);
  if (SQUARE_ROOT == 1u && next > 0.0) {
    // The same without cancellation.
    rise = g * g / (scaled(next) + scaled(before));
  }
  let sigma = rise / rates[0];
  let line = linear[index] + (g + 2.0 * params.shrinkage * decayed - sigma * decayed);
  accumulator[index] = next;
  linear[index] = line;
  w[index] = (clamp(line, -params.l1, params.l1) - line) / (scaled(next) / rates[0] + rates[2]);
}
