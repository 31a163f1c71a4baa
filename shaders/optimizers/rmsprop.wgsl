// RMSprop (Tieleman & Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning"), put behind update.wgsl;
// centered where there is an average (Graves 2013, "Generating Sequences With Recurrent Neural Networks").
// https://keras.io/api/optimizers/rmsprop/
//
//   velocity = rho * velocity + (1 - rho) * g * g;  d = velocity + epsilon
//   centered: average = rho * average + (1 - rho) * g;  d -= average * average
//   step = rates[0] * g / sqrt(d);  with momentum: momentum = params.momentum * momentum + step;  w -= momentum or step

struct Params {
  rho: f32,
  one_minus_rho: f32,
  momentum: f32,
  epsilon: f32,
}

@group(0) @binding(5) var<storage, read_write> velocity: array<f32>; // @each
@group(0) @binding(6) var<storage, read_write> average: array<f32>; // @each
@group(0) @binding(7) var<storage, read_write> momentum: array<f32>; // @each

const HAS_AVERAGE = 0u;
const HAS_MOMENTUM = 0u;

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  let square = params.rho * velocity[index] + params.one_minus_rho * g * g;
  velocity[index] = square;
  var denominator = square + params.epsilon;
  if (HAS_AVERAGE == 1u) {
    let mean = params.rho * average[index] + params.one_minus_rho * g;
    average[index] = mean;
    denominator -= mean * mean;
  }
  var moved = rates[0] * g / sqrt(denominator);
  if (HAS_MOMENTUM == 1u) {
    moved += params.momentum * momentum[index];
    momentum[index] = moved;
  }
  return weight - moved;
}
