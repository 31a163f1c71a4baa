// Adagrad (Duchi, Hazan & Singer 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic
// Optimization"), put behind update.wgsl. https://keras.io/api/optimizers/adagrad/
//
//   accumulator += g * g;  w -= rates[0] * g / sqrt(accumulator + epsilon)

struct Params {
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> accumulator: array<f32>; // @each

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  let squares = accumulator[index] + g * g;
  accumulator[index] = squares;
  return weight - rates[0] * g / sqrt(squares + params.epsilon);
}
