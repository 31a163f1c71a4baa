// One step of gradient descent, with momentum (Sutskever et al. 2013 for Nesterov's) as Keras 3 writes it, in place:
//
//   w -= w * rates[1]
//   without momentum: w -= rates[0] * g
//   else: velocity = momentum * velocity - rates[0] * g;  w += velocity, or momentum * velocity - rates[0] * g (Nesterov)
//
// @binding(1) w        : f32[size] (read, write)
// @binding(2) velocity : f32[size] (read, write, if HAS_MOMENTUM)
// @binding(3) gradient : f32[size] (read)
// @binding(4) rates    : f32[4]: the step size, learning rate * weight decay, unused, unused (read)
// @binding(5) status   : i32[1]: not 0 once a loss or a gradient was not finite (read)
//
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: float32; nothing is written where status[0] is not 0.

struct Params {
  size: u32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read> rates: array<f32>;
@group(0) @binding(5) var<storage, read> status: array<i32>;

const THREADS = 64u;
const HAS_MOMENTUM = 0u;
const NESTEROV = 0u;

@compute @workgroup_size(THREADS)
fn sgd(
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
  if (HAS_MOMENTUM == 0u) {
    w[index] = decayed - step * g;
    return;
  }
  let moved = params.momentum * velocity[index] - step * g;
  velocity[index] = moved;
  w[index] = decayed + select(moved, params.momentum * moved - step * g, NESTEROV == 1u);
}
