// Packs an LSTM's recurrent kernel U for the sweeps: the four gates (i, f, c, o) of a unit side by side, as one vec4.
//
//   TRANSPOSED = 0 (forward):  packed[k, unit] = (U[k, unit], U[k, H + unit], U[k, 2H + unit], U[k, 3H + unit]),
//                              with rows of zeros up to a multiple of four, so that a loop may take four k at once
//   TRANSPOSED = 1 (backward): packed[unit, k] = the same vector, so that a thread per k reads neighbours
//
// @binding(1) recurrent : f32[H, 4H] (read)
// @binding(2) packed    : vec4f[rows, H] (write); rows = H rounded up to 4 when forward, H when backward
//
// Workgroup: 64 invocations, one vec4 each; ceil(rows * H / 64) workgroups, folded over x and y.

struct Params {
  hidden: u32,
  rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> recurrent: array<f32>;
@group(0) @binding(2) var<storage, read_write> packed: array<vec4f>;

const THREADS = 64u;
const TRANSPOSED = 0u;

@compute @workgroup_size(THREADS)
fn lstm_pack(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let size = params.hidden;
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index >= params.rows * size) {
    return;
  }
  var k = index / size;
  var unit = index % size;
  if (TRANSPOSED == 1u) {
    let swap = k;
    k = unit;
    unit = swap;
  }
  if (k >= size) {
    packed[index] = vec4f(0.0);
    return;
  }
  let base = k * 4u * size + unit;
  packed[index] = vec4f(
    recurrent[base],
    recurrent[base + size],
    recurrent[base + 2u * size],
    recurrent[base + 3u * size],
  );
}
