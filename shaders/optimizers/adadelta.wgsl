// Adadelta (Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method"), put behind update.wgsl.
// https://keras.io/api/optimizers/adadelta/
//
//   accumulated_gradient = rho * accumulated_gradient + (1 - rho) * g * g
//   d = sqrt(accumulated_delta + epsilon) * g / sqrt(accumulated_gradient + epsilon)
//   accumulated_delta = rho * accumulated_delta + (1 - rho) * d * d;  w -= rates[0] * d

struct Params {
  rho: f32,
  one_minus_rho: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> accumulated_gradient: array<f32>; // @each
@group(0) @binding(6) var<storage, read_write> accumulated_delta: array<f32>; // @each

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  let squares = params.rho * accumulated_gradient[index] + params.one_minus_rho * (g * g);
  let delta = sqrt(accumulated_delta[index] + params.epsilon) * g / sqrt(squares + params.epsilon);
  accumulated_gradient[index] = squares;
  accumulated_delta[index] = params.rho * accumulated_delta[index] + params.one_minus_rho * (delta * delta);
  return weight - rates[0] * delta;
}
