// FTRL, "follow the regularized leader" (McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches"), put
// behind update.wgsl. https://keras.io/api/optimizers/ftrl/
//
//   next = accumulator + g * g;  s(x) = x^power
//   linear += g + 2 * shrinkage * w - (s(next) - s(accumulator)) / rates[0] * w;  accumulator = next
//   w = (clamp(linear, -l1, l1) - linear) / (s(next) / rates[0] + rates[2])
//
// The host writes rates[0], the learning rate, and rates[2] = 2 * l2 + beta / learning rate. `power` is minus the
// learning rate's power.
// Numerics: the accumulator is not negative.

struct Params {
  power: f32,
  l1: f32,
  shrinkage: f32,
}

@group(0) @binding(5) var<storage, read_write> accumulator: array<f32>; // @each
@group(0) @binding(6) var<storage, read_write> linear: array<f32>; // @each

// 1 where the power is 1/2, as it is unless asked otherwise: a square root is exact where a power is not.
const SQUARE_ROOT = 0u;

fn scaled(x: f32) -> f32 {
  if (SQUARE_ROOT == 1u) {
    return sqrt(x);
  }
  return select(pow(x, params.power), 1.0, params.power == 0.0);
}

fn next_weight(index: u32, weight: f32, g: f32) -> f32 {
  let before = accumulator[index];
  let next = before + g * g;
  var rise = scaled(next) - scaled(before);
  if (SQUARE_ROOT == 1u && next > 0.0) {
    // The same without cancellation.
    rise = g * g / (scaled(next) + scaled(before));
  }
  let sigma = rise / rates[0];
  let line = linear[index] + (g + 2.0 * params.shrinkage * weight - sigma * weight);
  accumulator[index] = next;
  linear[index] = line;
  return (clamp(line, -params.l1, params.l1) - line) / (scaled(next) / rates[0] + rates[2]);
}
