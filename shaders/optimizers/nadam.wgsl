// Nadam: Adam with Nesterov momentum (Dozat 2015, "Incorporating Nesterov Momentum into Adam"), put behind update.wgsl.
// https://keras.io/api/optimizers/Nadam/
//
//   m += (g - m) * (1 - beta1);  v += (g * g - v) * (1 - beta2)
//   w -= (rates[0] * m + rates[2] * g) / (sqrt(v * rates[3]) + epsilon)
//
// The host computes in float64, where u is the momentum's schedule and U its running product:
//
//   rates[0] = learning rate * u(t+1) / (1 - U(t+1))
//   rates[2] = learning rate * (1 - u(t)) / (1 - U(t))
//   rates[3] = 1 / (1 - beta2^t)

struct Params {
  one_minus_beta1: f32,
  one_minus_beta2: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> m: array<f32>; // @each
@group(0) @binding(6) var<storage, read_write> v: array<f32>; // @each

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  let mean = m[index] + (g - m[index]) * params.one_minus_beta1;
  let square = v[index] + (g * g - v[index]) * params.one_minus_beta2;
  m[index] = mean;
  v[index] = square;
  return weight - (rates[0] * mean + rates[2] * g) / (sqrt(square * rates[3]) + params.epsilon);
}
