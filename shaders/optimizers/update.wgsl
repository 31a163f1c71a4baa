// One step of an optimizer, for every element of a variable, in place:
//
//   w = next_weight(w - w * rates[1], gradient)
//
// The weight decay is decoupled from the gradient (Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization").
// `next_weight` is the optimizer's rule, which a file put behind this one replaces (adam.wgsl, sgd.wgsl, …): it also
// writes the rule's state, tensors of the variable's shape. As it stands, this is plain gradient descent.
//
// @binding(1) w        : f32[size] (read, write)
// @binding(2) gradient : f32[size] (read)
// @binding(3) rates    : f32[6], written by the host before each step (read)
//                        [0] the step size  [1] learning rate * weight decay  [2] and [3] as the rule says
//                        [4] and [5] are for the moving average of the weights (average.wgsl)
// @binding(4) status   : i32[1]: not 0 once a loss or a gradient was not finite (read)
// @binding(5…)         : the rule's state, f32[size] each (read, write)
//
// A dispatch updates as many variables as the adapter has storage buffers for: what is marked @each is there once for
// each of them.
//
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: float32; nothing is written where status[0] is not 0.

struct Params {
  size: u32, // @each
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>; // @each
@group(0) @binding(2) var<storage, read> gradient: array<f32>; // @each
@group(0) @binding(3) var<storage, read> rates: array<f32>;
@group(0) @binding(4) var<storage, read> status: array<i32>;

const THREADS = 64u;

// The weight after the step, from the decayed weight and the gradient g of element `index`.
fn next_weight(index: u32, weight: f32, g: f32) -> f32 { // @each
  return weight - rates[0] * g;
}

@compute @workgroup_size(THREADS)
fn update(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index >= params.size || status[0] != 0) {
    return;
  }
  w[index] = next_weight(index, w[index] - w[index] * rates[1], gradient[index]);
}
