// One step of an LSTM from its pre-activations z = x · W + b + h · U, and its gradient (Hochreiter & Schmidhuber 1997;
// forget gate: Gers, Schmidhuber & Cummins 2000). Gates in Keras's order i, f, c, o:
//
//   i, f, o = recurrent_activation(z_i, z_f, z_o);  g = activation(z_c);  c_next = f * c + i * g;  h = o *
//   activation(c_next)
//
// lstm_cell
// @binding(1) z      : f32[B, 4H] (read)
// @binding(2) c      : f32[B, H] (read)
// @binding(3) h      : f32[B, H] (write)
// @binding(4) c_next : f32[B, H] (write)
//
// lstm_cell_grad
// @binding(1) z        : f32[B, 4H] (read)
// @binding(2) c        : f32[B, H] (read)
// @binding(3) d_h      : f32[B, H] (read; may be absent)
// @binding(4) d_c      : f32[B, H], the gradient of c_next (read; may be absent)
// @binding(5) d_z      : f32[B, 4H] (write)
// @binding(6) d_c_prev : f32[B, H] (write)
//
// Workgroup: 64 invocations, one unit of one row each; ceil(B * H / 64) workgroups, folded over x and y.
// Numerics: float32; the gradient activates z again, and takes the slopes from the outputs.

struct Params {
  batch: u32,
  hidden: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read_write> h: array<f32>;
@group(0) @binding(4) var<storage, read_write> c_next: array<f32>;
@group(0) @binding(3) var<storage, read> d_h: array<f32>;
@group(0) @binding(4) var<storage, read> d_c: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_z: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_c_prev: array<f32>;

const THREADS = 64u;
const HAS_D_H = 1u;
const HAS_D_C = 1u;
const ACTIVATION = 1u;
const RECURRENT_ACTIVATION = 2u;

// The activated gates i, f, g, o whose pre-activations start at z[at].
fn gates(at: u32) -> vec4f {
  return vec4f(
    activate(RECURRENT_ACTIVATION, z[at]),
    activate(RECURRENT_ACTIVATION, z[at + params.hidden]),
    activate(ACTIVATION, z[at + 2u * params.hidden]),
    activate(RECURRENT_ACTIVATION, z[at + 3u * params.hidden]),
  );
}

@compute @workgroup_size(THREADS)
fn lstm_cell(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index >= params.batch * params.hidden) {
    return;
  }
  let gate = gates(index / params.hidden * 4u * params.hidden + index % params.hidden);
  let cell = gate.y * c[index] + gate.x * gate.z;
  c_next[index] = cell;
  h[index] = gate.w * activate(ACTIVATION, cell);
}

@compute @workgroup_size(THREADS)
fn lstm_cell_grad(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index >= params.batch * params.hidden) {
    return;
  }
  let at = index / params.hidden * 4u * params.hidden + index % params.hidden;
  let gate = gates(at);
  let a = activate(ACTIVATION, gate.y * c[index] + gate.x * gate.z);
  var dh = 0.0;
  if (HAS_D_H == 1u) { dh = d_h[index]; }
  var dc = dh * gate.w * slope(ACTIVATION, a);
  if (HAS_D_C == 1u) { dc += d_c[index]; }
  d_z[at] = dc * gate.z * slope(RECURRENT_ACTIVATION, gate.x);
  d_z[at + params.hidden] = dc * c[index] * slope(RECURRENT_ACTIVATION, gate.y);
  d_z[at + 2u * params.hidden] = dc * gate.x * slope(ACTIVATION, gate.z);
  d_z[at + 3u * params.hidden] = dh * a * slope(RECURRENT_ACTIVATION, gate.w);
  d_c_prev[index] = dc * gate.y;
}
