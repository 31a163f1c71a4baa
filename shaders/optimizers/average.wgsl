// The moving average of a weight (Polyak & Juditsky 1992) as Keras 3's optimizers keep it with useEma, in place:
//
//   average = rates[4] * average + (1 - rates[4]) * w
//
// The host writes rates[4]: 0 at the first step, so that the average starts as the weight; then emaMomentum.
//
// @binding(1) average : f32[size] (read, write)
// @binding(2) w       : f32[size], after the optimizer's step (read)
// @binding(3) rates   : f32[6] (read)
// @binding(4) status  : i32[1]: not 0 once a loss or a gradient was not finite (read)
//
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: float32; nothing is written where status[0] is not 0.

struct Params {
  size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> average: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> rates: array<f32>;
@group(0) @binding(4) var<storage, read> status: array<i32>;

const THREADS = 64u;

@compute @workgroup_size(THREADS)
fn average_weight(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index >= params.size || status[0] != 0) {
    return;
  }
  let momentum = rates[4];
  average[index] = momentum * average[index] + (1.0 - momentum) * w[index];
}
