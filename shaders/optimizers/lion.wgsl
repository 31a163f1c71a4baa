// Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms"), put behind update.wgsl.
// https://keras.io/api/optimizers/lion/
//
//   w -= rates[0] * sign(beta1 * momentum + (1 - beta1) * g);  momentum = beta2 * momentum + (1 - beta2) * g

struct Params {
  beta1: f32,
  one_minus_beta1: f32,
  beta2: f32,
  one_minus_beta2: f32,
}

@group(0) @binding(5) var<storage, read_write> momentum: array<f32>; // @each

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  let mean = momentum[index];
  momentum[index] = mean * params.beta2 + g * params.one_minus_beta2;
  return weight - rates[0] * sign(mean * params.beta1 + g * params.one_minus_beta1);
}
