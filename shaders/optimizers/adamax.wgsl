// Adamax: Adam by the largest gradient (Kingma & Ba 2015, section 7.1), put behind update.wgsl.
// https://keras.io/api/optimizers/adamax/
//
//   m += (g - m) * (1 - beta1);  u = max(beta2 * u, |g|);  w -= rates[0] * m / (u + epsilon)
//
// The host computes rates[0] = learning rate / (1 - beta1^t) in float64.

struct Params {
  one_minus_beta1: f32,
  beta2: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> m: array<f32>; // @each
@group(0) @binding(6) var<storage, read_write> u: array<f32>; // @each

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  let mean = m[index] + (g - m[index]) * params.one_minus_beta1;
  let largest = max(params.beta2 * u[index], abs(g));
  m[index] = mean;
  u[index] = largest;
  return weight - rates[0] * mean / (largest + params.epsilon);
}
