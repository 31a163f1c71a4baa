// Adam (Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization"), put behind update.wgsl; with v_max AMSGrad
// (Reddi et al. 2018, "On the Convergence of Adam and Beyond"). https://keras.io/api/optimizers/adam/
//
//   m += (g - m) * (1 - beta1);  v += (g * g - v) * (1 - beta2);  AMSGrad: v_max = max(v_max, v)
//   w -= rates[0] * m / (sqrt(v or v_max) + epsilon)
//
// The host computes rates[0] = learning rate * sqrt(1 - beta2^t) / (1 - beta1^t) in float64.

struct Params {
  one_minus_beta1: f32,
  one_minus_beta2: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> m: array<f32>; // @each
@group(0) @binding(6) var<storage, read_write> v: array<f32>; // @each
@group(0) @binding(7) var<storage, read_write> v_max: array<f32>; // @each

const HAS_V_MAX = 0u;

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  let mean = m[index] + (g - m[index]) * params.one_minus_beta1;
  let square = v[index] + (g * g - v[index]) * params.one_minus_beta2;
  m[index] = mean;
  v[index] = square;
  var largest = square;
  if (HAS_V_MAX == 1u) {
    largest = max(v_max[index], square);
    v_max[index] = largest;
  }
  return weight - mean * rates[0] / (sqrt(largest) + params.epsilon);
}
