// Packs the recurrent kernel U [H, GATES * H] of a sweep into vectors, so that one read brings a step's whole use of
// it.
// A vector holds PER summands of GATES gates each (4: one summand of i, f, c, o; 3: one of z, r, h, and a zero; 1: four
// summands). With s the index that the sweep sums over and `out` the one that a thread owns:
//
//   packed[s / PER, out][s % PER * (4 / PER) + gate] = U[s, gate * H + out]      TRANSPOSED = 0 (forward)
//                                                      U[out, gate * H + s]      TRANSPOSED = 1 (backward)
//
// Summands from H up to `summands` are zeros, so that a loop may take four at once. With HAS_BIAS one more row follows:
// the recurrent bias of each gate, bias[gate * H + out], in lane `gate`. With HAS_UNIT_WEIGHTS the last row holds the
// weights that a unit has of its own, unit_weights[w, out], in lane w.
//
// @binding(1) recurrent    : f32[H, GATES * H] (read)
// @binding(2) bias         : f32[GATES * H] (read; may be absent)
// @binding(3) unit_weights : f32[UNIT_WEIGHTS, H] (read; may be absent)
// @binding(4) packed       : vec4f[rows, H] (write); rows = summands / PER, and one more each with HAS_BIAS and
//                            HAS_UNIT_WEIGHTS
//
// Workgroup: 64 invocations, one vec4 each; ceil(rows * H / 64) workgroups, folded over x and y.

struct Params {
  hidden: u32,
  summands: u32,
  rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> recurrent: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> unit_weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> packed: array<vec4f>;

const THREADS = 64u;
const GATES = 4u;
const PER = 1u;
const TRANSPOSED = 0u;
const UNIT_WEIGHTS = 0u;
const HAS_BIAS = 0u;
const HAS_UNIT_WEIGHTS = 0u;

const LANES_PER_SUMMAND = 4u / PER;

@compute @workgroup_size(THREADS)
fn recurrent_pack(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let size = params.hidden;
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index >= params.rows * size) {
    return;
  }
  let row = index / size;
  let out = index % size;
  var vector = vec4f(0.0);
  for (var l = 0u; l < 4u; l++) {
    let gate = l % LANES_PER_SUMMAND;
    let s = row * PER + l / LANES_PER_SUMMAND;
    if (HAS_BIAS == 1u && row * PER == params.summands) {
      if (l < GATES) { vector[l] = bias[l * size + out]; }
    } else if (HAS_UNIT_WEIGHTS == 1u && row + 1u == params.rows) {
      if (l < UNIT_WEIGHTS) { vector[l] = unit_weights[l * size + out]; }
    } else if (gate < GATES && s < size) {
      let k = select(s, out, TRANSPOSED == 1u);
      let unit = select(out, s, TRANSPOSED == 1u);
      vector[l] = recurrent[(k * GATES + gate) * size + unit];
    }
  }
  packed[index] = vector;
}
