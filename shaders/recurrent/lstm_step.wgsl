// The cell of an LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000), put behind a sweep. With
// the gates in Keras's order i, f, c, o:
//
//   i, f, o = recurrent_activation(x + u);  g = activation(x_c + u_c)
//   c = f * c + i * g;                      h = o * activation(c)
//
// Saved are i, f, g, o, and c after the step.

// A unit's step, from its gates' input x, their recurrent product u, and its states.
fn cell_step(x: vec4f, u: vec4f, h: f32, c: f32) -> Step {
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
