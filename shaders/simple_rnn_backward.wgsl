// The backward sweep of a simple recurrent layer (the forward sweep and its names: simple_rnn_forward.wgsl), with the loop
// over time inside the kernel. From the last step down, with dh what the later steps want of h[t]:
//
//   dh += dHidden[b, t];  dX[b, t] = dh * slope(h[t]);  dh = dX[b, t] · Uᵀ
//
// Where mask[b, t] is 0, dX is 0, and dh (with dHidden, as hidden[b, t] repeats h[t-1]) passes through.
// The gradients of U, W and b are matmuls and sums of dX over all steps, outside of this kernel.
//
// @binding(1) hidden   : f32[B, T, H] of the forward sweep (read)
// @binding(2) packed   : vec4f[ceil(H / 4), H], four units of one k to a vector, from recurrent_pack.wgsl, transposed (read)
// @binding(3) dHidden  : f32[B, T, H] (read, if HAS_D_HIDDEN)
// @binding(4) dLast    : f32[1, B, H] (read, if HAS_D_LAST)
// @binding(5) mask     : i32[B, T], 0 or 1 (read, if HAS_MASK)
// @binding(6) dX       : f32[B, T, H] (write)
// @binding(7) dInitial : f32[1, B, H]; also carries dh from one chunk of time to the next (read, write)
//
// Workgroup: ROWS batch rows; THREADS invocations, each owning UNITS hidden units of every row (unit = lane + n * THREADS).
// ceil(B / ROWS) workgroups, folded over x and y. One dispatch goes over the steps params.end - 1 … params.start.
// Workgroup memory holds dX of a step, all units, [unit][quad of rows], four rows to a vec4; two barriers per step.
// Numerics: float32 throughout; one fixed order of summation (unit ascending), so chunks and runs agree bit for bit.

struct Params {
  batch: u32,
  steps: u32,
  start: u32,
  end: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> hidden: array<f32>;
@group(0) @binding(2) var<storage, read> packed: array<vec4f>;
@group(0) @binding(3) var<storage, read> d_hidden: array<f32>;
@group(0) @binding(4) var<storage, read> d_last: array<f32>;
@group(0) @binding(5) var<storage, read> mask: array<i32>;
@group(0) @binding(6) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_initial: array<f32>;

const HIDDEN = 100u;
const THREADS = 104u;
const UNITS = 1u;
const ROWS = 16u;
const HAS_D_HIDDEN = 1u;
const HAS_D_LAST = 1u;
const HAS_MASK = 0u;
const ACTIVATION = 1u;

const QUADS = ROWS / 4u;
const CELLS = UNITS * QUADS;
const PADDED = (HIDDEN + 3u) / 4u * 4u;

// dX of the step: [PADDED][QUADS], four rows to a vector. What only fills the last vectors up stays zero.
var<workgroup> d_rows: array<vec4f, PADDED * QUADS>;

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

// How many rows of the quad that starts at `first` lie inside the batch. The others stay zero and are never stored.
// (A bound that is known only at run time also keeps drivers from unrolling the loop, which costs some of them seconds.)
fn rows_inside(first: u32) -> u32 {
  return min(4u, params.batch - min(first, params.batch));
}

@compute @workgroup_size(THREADS)
fn simple_rnn_backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_row = (group.x + group.y * groups.x) * ROWS;
  var d_h: array<vec4f, CELLS>;

  for (var n = 0u; n < UNITS; n++) {
    for (var q = 0u; q < QUADS; q++) {
      let first = first_row + q * 4u;
      let inside = rows_inside(first);
      for (var r = 0u; r < inside; r++) {
        let at = (first + r) * HIDDEN + min(lane + n * THREADS, HIDDEN - 1u);
        if (params.end < params.steps) {
          d_h[n * QUADS + q][r] = d_initial[at];
        } else if (HAS_D_LAST == 1u) {
          d_h[n * QUADS + q][r] = d_last[at];
        }
      }
    }
  }

  for (var t = params.end; t > params.start;) {
    t--;
    for (var n = 0u; n < UNITS; n++) {
      let unit = lane + n * THREADS;
      let column = min(unit, HIDDEN - 1u);
      for (var q = 0u; q < QUADS; q++) {
        let d_h_quad = d_h[n * QUADS + q];
        var passed = vec4f(0.0);
        var d_quad = vec4f(0.0);
        let first = first_row + q * 4u;
        let inside = rows_inside(first);
        for (var r = 0u; r < inside; r++) {
          let step = (first + r) * params.steps + t;
          var dh = d_h_quad[r];
          if (HAS_D_HIDDEN == 1u) { dh += d_hidden[step * HIDDEN + column]; }
          var d = dh * slope(ACTIVATION, hidden[step * HIDDEN + column]);
          if (HAS_MASK == 1u) {
            let kept = mask[step] != 0;
            d = select(0.0, d, kept);
            passed[r] = select(dh, 0.0, kept);
          }
          d_quad[r] = d;
          if (unit < HIDDEN) { d_x[step * HIDDEN + unit] = d; }
        }
        d_h[n * QUADS + q] = passed;
        if (unit < HIDDEN) { d_rows[unit * QUADS + q] = d_quad; }
      }
    }
    workgroupBarrier();

    for (var n = 0u; n < UNITS; n++) {
      let column = min(lane + n * THREADS, HIDDEN - 1u);
      var sum: array<vec4f, QUADS>;
      // @unroll (rows)
      for (var q = 0u; q < QUADS; q++) {
        sum[q] = vec4f(0.0);
      }
      for (var k = 0u; k < PADDED; k += 4u) {
        let u = packed[k / 4u * HIDDEN + column];
        let slot = k * QUADS;
        // @unroll (rows)
        for (var q = 0u; q < QUADS; q++) {
          sum[q] += d_rows[slot + q] * u.x + d_rows[slot + QUADS + q] * u.y
            + d_rows[slot + 2u * QUADS + q] * u.z + d_rows[slot + 3u * QUADS + q] * u.w;
        }
      }
      for (var q = 0u; q < QUADS; q++) {
        d_h[n * QUADS + q] += sum[q];
      }
    }
    workgroupBarrier();
  }

  for (var n = 0u; n < UNITS; n++) {
    let unit = lane + n * THREADS;
    for (var q = 0u; q < QUADS; q++) {
      let first = first_row + q * 4u;
      let inside = select(0u, rows_inside(first), unit < HIDDEN);
      for (var r = 0u; r < inside; r++) {
        d_initial[(first + r) * HIDDEN + unit] = d_h[n * QUADS + q][r];
      }
    }
  }
}
