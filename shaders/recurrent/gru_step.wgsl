// The cell of a GRU (Cho et al. 2014) whose reset gate is applied after the recurrent product, as in cuDNN and by
// Keras's default (`reset_after`; https://keras.io/api/layers/recurrent_layers/gru/), put behind a sweep. With the
// gates in Keras's order z (update), r (reset), h (candidate):
//
//   z, r = recurrent_activation(x + u);  g = activation(x_h + r * u_h)
//   h = z * h + (1 - z) * g
//
// Saved are z, r, g, u_h, and h before the step. With y' the slope of an activation at its output y, and dh the
// gradient of h after the step:
//
//   dz = dh * (h_before - g) * z';  dg = dh * (1 - z) * g';  dr = dg * u_h * r'
//   d_x = (dz, dr, dg);  d_u = (dz, dr, dg * r);  dh = dh * z

// A unit's step, from its gates' input x, their recurrent product u (with the recurrent bias), and its state. `column`
// is the unit's number.
fn cell_step(x: vec4f, u: vec4f, h: f32, c: f32, column: u32) -> Step {
  let update = activate(RECURRENT_ACTIVATION, u.x + x.x);
  let reset = activate(RECURRENT_ACTIVATION, u.y + x.y);
  let g = activate(ACTIVATION, x.z + reset * u.z);
  return Step(update * h + (1.0 - update) * g, 0.0, vec4f(update, reset, g, u.z));
}

// The state that is saved beside a step's four numbers, from h before the step.
fn cell_memory(before: f32, c: f32) -> f32 {
  return before;
}

// The way back through a unit's step, from what it saved (`before` is h before it), and the gradient of h after it.
fn cell_step_back(parts: vec4f, before: f32, c_before: f32, d_h: f32, d_c: f32, column: u32) -> StepBack {
  let update = parts.x;
  let reset = parts.y;
  let g = parts.z;
  let d_update = d_h * (before - g) * slope(RECURRENT_ACTIVATION, update);
  let d_g = d_h * (1.0 - update) * slope(ACTIVATION, g);
  let d_reset = d_g * parts.w * slope(RECURRENT_ACTIVATION, reset);
  return StepBack(vec4f(d_update, d_reset, d_g, 0.0), vec4f(d_update, d_reset, d_g * reset, 0.0), d_h * update, 0.0);
}
