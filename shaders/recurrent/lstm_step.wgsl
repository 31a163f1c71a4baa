// The cell of an LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000), put behind a
// sweep.
// With the gates in Keras's order i, f, c, o:
//
//   i, f, o = recurrent_activation(x + u);  g = activation(x_c + u_c)
//   c = f * c + i * g;                      h = o * activation(c)
//
// Saved are i, f, g, o, and c after the step. With y' the slope of an activation at its output y, a = activation(c),
// and dh and dc the gradients of h and c after the step:
//
//   do = dh * a * o';  dc += dh * o * a';  di = dc * g * i';  dg = dc * i * g';  df = dc * c_before * f';  dc = dc * f

// A unit's step, from its gates' input x, their recurrent product u, and its states. `column` is the unit's number.
fn cell_step(x: vec4f, u: vec4f, h: f32, c: f32, column: u32) -> Step {
  let i = activate(RECURRENT_ACTIVATION, u.x + x.x);
  let f = activate(RECURRENT_ACTIVATION, u.y + x.y);
  let g = activate(ACTIVATION, u.z + x.z);
  let o = activate(RECURRENT_ACTIVATION, u.w + x.w);
  let next = f * c + i * g;
  return Step(o * activate(ACTIVATION, next), next, vec4f(i, f, g, o));
}

// The state that is saved beside a step's four numbers, from h before the step and c after it.
fn cell_memory(before: f32, c: f32) -> f32 {
  return c;
}

// The way back through a unit's step, from what it saved, c before it, and the gradients of h and c after it.
fn cell_step_back(parts: vec4f, c: f32, c_before: f32, d_h: f32, d_c: f32, column: u32) -> StepBack {
  let i = parts.x;
  let f = parts.y;
  let g = parts.z;
  let o = parts.w;
  let a = activate(ACTIVATION, c);
  let dc = d_c + d_h * o * slope(ACTIVATION, a);
  let d_x = vec4f(
    dc * g * slope(RECURRENT_ACTIVATION, i),
    dc * c_before * slope(RECURRENT_ACTIVATION, f),
    dc * i * slope(ACTIVATION, g),
    d_h * a * slope(RECURRENT_ACTIVATION, o),
  );
  return StepBack(d_x, d_x, 0.0, dc * f);
}
