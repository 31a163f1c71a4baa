// One step of Adam (Kingma & Ba 2015; AMSGrad: Reddi et al. 2018; decoupled weight decay: Loshchilov & Hutter 2019) as Keras 3
// writes it, in place:
//
//   w -= w * rates[1];  m += (g - m) * (1 - beta1);  v += (g * g - v) * (1 - beta2);  vMax = max(vMax, v)  (AMSGrad)
//   w -= rates[0] * m / (sqrt(v or vMax) + epsilon)
//
// The host computes rates[0] = learning rate * sqrt(1 - beta2^t) / (1 - beta1^t) in float64.
//
// @binding(1) w        : f32[size] (read, write)
// @binding(2) m        : f32[size], the first moment (read, write)
// @binding(3) v        : f32[size], the second moment (read, write)
// @binding(4) v_max    : f32[size], its maximum (read, write, if AMSGRAD)
// @binding(5) gradient : f32[size] (read)
// @binding(6) rates    : f32[4]: the step size, learning rate * weight decay, unused, unused (read)
// @binding(7) status   : i32[1]: not 0 once a loss or a gradient was not finite (read)
//
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: float32; nothing is written where status[0] is not 0.

struct Params {
  size: u32,
  one_minus_beta1: f32,
  one_minus_beta2: f32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> m: array<f32>;
@group(0) @binding(3) var<storage, read_write> v: array<f32>;
@group(0) @binding(4) var<storage, read_write> v_max: array<f32>;
@group(0) @binding(5) var<storage, read> gradient: array<f32>;
@group(0) @binding(6) var<storage, read> rates: array<f32>;
@group(0) @binding(7) var<storage, read> status: array<i32>;

const THREADS = 64u;
const AMSGRAD = 0u;

@compute @workgroup_size(THREADS)
fn adam(
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
  let first = m[index] + (g - m[index]) * params.one_minus_beta1;
  let second = v[index] + (g * g - v[index]) * params.one_minus_beta2;
  m[index] = first;
  v[index] = second;
  var denominator = second;
  if (AMSGRAD == 1u) {
    denominator = max(v_max[index], second);
    v_max[index] = denominator;
  }
  w[index] = decayed - first * step / (sqrt(denominator) + params.epsilon);
}
