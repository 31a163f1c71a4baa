// Activations and their slopes, for every shader that applies one. Their codes are those of
// kernels/elementwise/activations.ts.
//
// Numerics: float32, relative to the result: within a few units in the last place beside the error of exp itself. None
// overflows: exp's arguments are clamped, and a driver's own tanh is NaN for large arguments (gpuweb #5206).

fn sigmoid(x: f32) -> f32 {
  // e^88 is the largest such power that f32 holds.
  return 1.0 / (1.0 + exp(-clamp(x, -88.0, 88.0)));
}

// Near 0, where the quotient cancels, the polynomial of the Cephes library's tanhf (Moshier 1992).
fn tangent_h(x: f32) -> f32 {
  let square = x * x;
  let near = x + x * square * (-0.333332819 + square * (0.133314422 + square * (-0.0537397156 + square * (0.0206390888
    - square * 0.00570498873))));
  let far = sign(x) * (1.0 - 2.0 / (exp(2.0 * min(abs(x), 10.0)) + 1.0));
  return select(far, near, abs(x) < 0.625);
}

// e^x - 1: the series where the difference cancels.
fn exp_minus_one(x: f32) -> f32 {
  let near = x + x * x * (1.0 / 2.0 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0
    + x * (1.0 / 5040.0 + x * (1.0 / 40320.0 + x * (1.0 / 362880.0))))))));
  return select(exp(x) - 1.0, near, abs(x) < 0.75);
}

// log(1 + x) for x from 0 to 1, by the series of 2 artanh(x / (2 + x)): no sum loses what is small.
fn log_one_plus(x: f32) -> f32 {
  let s = x / (2.0 + x);
  let square = s * s;
  return 2.0 * (s + s * square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0 + square * (1.0 / 9.0
    + square * (1.0 / 11.0 + square * (1.0 / 13.0 + square * (1.0 / 15.0))))))));
}

fn softplus(x: f32) -> f32 {
  return max(x, 0.0) + log_one_plus(exp(-abs(x)));
}

fn activate(code: u32, x: f32) -> f32 {
  switch code {
    case 1u: { return tangent_h(x); }
    case 2u: { return sigmoid(x); }
    case 3u: { return max(x, 0.0); }
    case 4u: { return clamp(x + 3.0, 0.0, 6.0) / 6.0; } // hard sigmoid: relu6(x + 3) / 6
    case 5u: { return softplus(x); }
    case 6u: { return select(exp_minus_one(min(x, 0.0)), x, x > 0.0); } // elu
    default: { return x; }
  }
}

fn activate_each(code: u32, x: vec4f) -> vec4f {
  return vec4f(activate(code, x.x), activate(code, x.y), activate(code, x.z), activate(code, x.w));
}

// The derivative of an activation, from its output y.
fn slope(code: u32, y: f32) -> f32 {
  switch code {
    case 1u: { return (1.0 - y) * (1.0 + y); }
    case 2u: { return y * (1.0 - y); }
    case 3u: { return select(0.0, 1.0, y > 0.0); }
    case 4u: { return select(0.0, 1.0 / 6.0, y > 0.0 && y < 1.0); }
    case 5u: { return -exp_minus_one(-y); }
    case 6u: { return select(y + 1.0, 1.0, y > 0.0); }
    default: { return 1.0; }
  }
}
