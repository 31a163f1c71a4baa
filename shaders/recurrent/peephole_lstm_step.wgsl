// The cell of an LSTM with peepholes (Gers & Schmidhuber 2000, "Recurrent Nets that Time and Count"), put behind a
// sweep: the gates see the cell's state, each unit its own, by the weights p of unit_weights in the order i, f, o. The
// input and forget gates see c before the step, the output gate c after it. With the gates in Keras's order i, f, c, o:
//
//   i = recurrent_activation(x_i + u_i + p_i * c_before);  f = recurrent_activation(x_f + u_f + p_f * c_before)
//   g = activation(x_c + u_c);                             c = f * c_before + i * g
//   o = recurrent_activation(x_o + u_o + p_o * c);         h = o * activation(c)
//
// Saved are i, f, g, o, and c after the step. With y' the slope of an activation at its output y, a = activation(c),
// and dh and dc the gradients of h and c after the step:
//
//   do = dh * a * o';  dc += dh * o * a' + do * p_o
//   di = dc * g * i';  df = dc * c_before * f';  dg = dc * i * g';  dc = dc * f + di * p_i + df * p_f

// A unit's step, from its gates' input x, their recurrent product u, and its states. `column` is the unit's number.
fn cell_step(x: vec4f, u: vec4f, h: f32, c: f32, column: u32) -> Step {
  let p = unit_weights(column);
  let i = activate(RECURRENT_ACTIVATION, u.x + x.x + p.x * c);
  let f = activate(RECURRENT_ACTIVATION, u.y + x.y + p.y * c);
  let g = activate(ACTIVATION, u.z + x.z);
  let next = f * c + i * g;
  let o = activate(RECURRENT_ACTIVATION, u.w + x.w + p.z * next);
  return Step(o * activate(ACTIVATION, next), next, vec4f(i, f, g, o));
}

// The state that is saved beside a step's four numbers, from h before the step and c after it.
fn cell_memory(before: f32, c: f32) -> f32 {
  return c;
}

// The way back through a unit's step, from what it saved, c before it, and the gradients of h and c after it.
fn cell_step_back(parts: vec4f, c: f32, c_before: f32, d_h: f32, d_c: f32, column: u32) -> StepBack {
  let p = unit_weights(column);
  let i = parts.x;
  let f = parts.y;
  let g = parts.z;
  let o = parts.w;
  let a = activate(ACTIVATION, c);
  let d_o = d_h * a * slope(RECURRENT_ACTIVATION, o);
  let dc = d_c + d_h * o * slope(ACTIVATION, a) + d_o * p.z;
  let d_i = dc * g * slope(RECURRENT_ACTIVATION, i);
  let d_f = dc * c_before * slope(RECURRENT_ACTIVATION, f);
  let d_x = vec4f(d_i, d_f, dc * i * slope(ACTIVATION, g), d_o);
  return StepBack(d_x, d_x, 0.0, dc * f + d_i * p.x + d_f * p.y);
}
