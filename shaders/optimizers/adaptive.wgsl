// One step of Adagrad, Adadelta, Nadam, Lion or Adamax as Keras 3 writes them, in place; an entry point for each. All begin with the
// decoupled weight decay w -= w * rates[1].
//
//   adagrad  (Duchi et al. 2011):        first += g * g;  w -= rates[0] * g / sqrt(first + epsilon)
//   adadelta (Zeiler 2012):              first = rho * first + (1 - rho) * g * g;  d = sqrt(second + epsilon) * g / sqrt(first + epsilon)
//                                        second = rho * second + (1 - rho) * d * d;  w -= rates[0] * d
//   nadam    (Dozat 2015):               first += (g - first) * (1 - beta1);  second += (g * g - second) * (1 - beta2)
//                                        w -= (rates[0] * first + rates[2] * g) / (sqrt(second * rates[3]) + epsilon)
//   lion     (Chen et al. 2023):         w -= rates[0] * sign(beta1 * first + (1 - beta1) * g);  first = beta2 * first + (1 - beta2) * g
//   adamax   (Kingma & Ba 2015, 7.1):    first += (g - first) * (1 - beta1);  second = max(beta2 * second, |g|)
//                                        w -= rates[0] * first / (second + epsilon)
//
// The host computes bias corrections in float64: Nadam's rates[0] = learning rate * u(t+1) / (1 - U(t+1)), rates[2] = learning rate *
// (1 - u(t)) / (1 - U(t)) and rates[3] = 1 / (1 - beta2^t), where u is the momentum's schedule and U its running product; Adamax's
// rates[0] = learning rate / (1 - beta1^t).
//
// @binding(1) w        : f32[size] (read, write)
// @binding(2) first    : f32[size], the first state (read, write)
// @binding(3) second   : f32[size], the second state (read, write; not for adagrad and lion)
// @binding(4) gradient : f32[size] (read)
// @binding(5) rates    : f32[6], see above (read)
// @binding(6) status   : i32[1]: not 0 once a loss or a gradient was not finite (read)
//
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: float32; nothing is written where status[0] is not 0.

struct Params {
  size: u32,
  // beta1 or rho, and 1 minus it.
  keep_first: f32,
  take_first: f32,
  // beta2, and 1 minus it.
  keep_second: f32,
  take_second: f32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> first: array<f32>;
@group(0) @binding(3) var<storage, read_write> second: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
@group(0) @binding(5) var<storage, read> rates: array<f32>;
@group(0) @binding(6) var<storage, read> status: array<i32>;

const THREADS = 64u;

fn element(group: vec3u, groups: vec3u, lane: u32) -> u32 {
  return (group.x + group.y * groups.x) * THREADS + lane;
}

fn decayed(index: u32) -> f32 {
  return w[index] - w[index] * rates[1];
}

@compute @workgroup_size(THREADS)
fn adagrad(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = element(group, groups, lane);
  if (index >= params.size || status[0] != 0) {
    return;
  }
  let g = gradient[index];
  let squares = first[index] + g * g;
  first[index] = squares;
  w[index] = decayed(index) - rates[0] * g / sqrt(squares + params.epsilon);
}

@compute @workgroup_size(THREADS)
fn adadelta(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = element(group, groups, lane);
  if (index >= params.size || status[0] != 0) {
    return;
  }
  let g = gradient[index];
  let squares = params.keep_first * first[index] + params.take_first * (g * g);
  let delta = sqrt(second[index] + params.epsilon) * g / sqrt(squares + params.epsilon);
  first[index] = squares;
  second[index] = params.keep_first * second[index] + params.take_first * (delta * delta);
  w[index] = decayed(index) - rates[0] * delta;
}

@compute @workgroup_size(THREADS)
fn nadam(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = element(group, groups, lane);
  if (index >= params.size || status[0] != 0) {
    return;
  }
  let g = gradient[index];
  let mean = first[index] + (g - first[index]) * params.take_first;
  let squares = second[index] + (g * g - second[index]) * params.take_second;
  first[index] = mean;
  second[index] = squares;
  w[index] = decayed(index) - (rates[0] * mean + rates[2] * g) / (sqrt(squares * rates[3]) + params.epsilon);
}

@compute @workgroup_size(THREADS)
fn lion(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = element(group, groups, lane);
  if (index >= params.size || status[0] != 0) {
    return;
  }
  let g = gradient[index];
  let mean = first[index];
  first[index] = mean * params.keep_second + g * params.take_second;
  w[index] = decayed(index) - rates[0] * sign(mean * params.keep_first + g * params.take_first);
}

@compute @workgroup_size(THREADS)
fn adamax(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = element(group, groups, lane);
  if (index >= params.size || status[0] != 0) {
    return;
  }
  let g = gradient[index];
  let mean = first[index] + (g - first[index]) * params.take_first;
  let largest = max(params.keep_second * second[index], abs(g));
  first[index] = mean;
  second[index] = largest;
  w[index] = decayed(index) - rates[0] * mean / (largest + params.epsilon);
}
