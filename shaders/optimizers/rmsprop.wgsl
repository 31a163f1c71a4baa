// One step of RMSprop (Tieleman & Hinton 2012; centered: Graves 2013) as Keras 3 writes it, in place:
//
//   w -= w * rates[1];  velocity = rho * velocity + (1 - rho) * g * g;  d = velocity + epsilon
//   centered: average = rho * average + (1 - rho) * g;  d -= average * average
//   increment = rates[0] * g / sqrt(d);  with momentum: moved = momentum * moved + increment, w -= moved; else w -= increment
//
// @binding(1) w        : f32[size] (read, write)
// @binding(2) velocity : f32[size], the mean square (read, write)
// @binding(3) average  : f32[size], the mean (read, write, if CENTERED)
// @binding(4) moved    : f32[size], the momentum (read, write, if HAS_MOMENTUM)
// @binding(5) gradient : f32[size] (read)
// @binding(6) rates    : f32[4]: the step size, learning rate * weight decay, unused, unused (read)
// @binding(7) status   : i32[1]: not 0 once a loss or a gradient was not finite (read)
//
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: float32; nothing is written where status[0] is not 0.

struct Params {
  size: u32,
  rho: f32,
  one_minus_rho: f32,
  momentum: f32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read_write> average: array<f32>;
@group(0) @binding(4) var<storage, read_write> moved: array<f32>;
@group(0) @binding(5) var<storage, read> gradient: array<f32>;
@group(0) @binding(6) var<storage, read> rates: array<f32>;
@group(0) @binding(7) var<storage, read> status: array<i32>;

const THREADS = 64u;
const CENTERED = 0u;
const HAS_MOMENTUM = 0u;

@compute @workgroup_size(THREADS)
fn rmsprop(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index >= params.size || status[0] != 0) {
    return;
  }
  let g = gradient[index];
  let step = rates[0];
  let decayed = w[index] - w[index] * rates[1];
  let square = params.rho * velocity[index] + params.one_minus_rho * g * g;
  velocity[index] = square;
  var denominator = square + params.epsilon;
  if (CENTERED == 1u) {
    let mean = params.rho * average[index] + params.one_minus_rho * g;
    average[index] = mean;
    denominator -= mean * mean;
  }
  var increment = step * g / sqrt(denominator);
  if (HAS_MOMENTUM == 1u) {
    increment += params.momentum * moved[index];
    moved[index] = increment;
  }
  w[index] = decayed - increment;
}
