// Stochastic gradient descent, put behind update.wgsl; with momentum where there is a velocity, and Nesterov's after
// Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
// https://keras.io/api/optimizers/sgd/
//
//   without momentum: w -= rates[0] * g
//   with momentum:    velocity = momentum * velocity - rates[0] * g;  w += velocity
//   Nesterov:         velocity as above;  w += momentum * velocity - rates[0] * g

struct Params {
  momentum: f32,
}

@group(0) @binding(5) var<storage, read_write> velocity: array<f32>; // @each

const HAS_VELOCITY = 0u;
const NESTEROV = 0u;

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  if (HAS_VELOCITY == 0u) {
    return weight - rates[0] * g;
  }
  let moved = params.momentum * velocity[index] - rates[0] * g;
  velocity[index] = moved;
  return weight + select(moved, params.momentum * moved - rates[0] * g, NESTEROV == 1u);
}
