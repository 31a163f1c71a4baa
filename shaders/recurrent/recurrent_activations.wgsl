// The activations of the recurrent shaders and their slopes: put behind each of them (codes:
// kernels/recurrent/activations.ts).
// Numerics: float32. tanh and sigmoid come from exp, clamped: a driver's own tanh overflows for large arguments (gpuweb
// #5206).

// Activations by code: 0 linear, 1 tanh, 2 sigmoid, 3 relu, 4 hard sigmoid (relu6(x + 3) / 6), 5 softplus, 6 elu.
fn activate(code: u32, x: f32) -> f32 {
  switch code {
    case 1u: { return 1.0 - 2.0 / (exp(2.0 * clamp(x, -10.0, 10.0)) + 1.0); }
    case 2u: { return 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0))); }
    case 3u: { return max(x, 0.0); }
    case 4u: { return clamp(x + 3.0, 0.0, 6.0) / 6.0; }
    case 5u: { return max(x, 0.0) + log(1.0 + exp(-abs(x))); }
    case 6u: { return select(exp(min(x, 0.0)) - 1.0, x, x > 0.0); }
    default: { return x; }
  }
}

// The derivative of an activation, from its output y (codes as in `activate`).
fn slope(code: u32, y: f32) -> f32 {
  switch code {
    case 1u: { return 1.0 - y * y; }
    case 2u: { return y * (1.0 - y); }
    case 3u: { return select(0.0, 1.0, y > 0.0); }
    case 4u: { return select(0.0, 1.0 / 6.0, y > 0.0 && y < 1.0); }
    case 5u: { return 1.0 - exp(-y); }
    case 6u: { return select(y + 1.0, 1.0, y > 0.0); }
    default: { return 1.0; }
  }
}
