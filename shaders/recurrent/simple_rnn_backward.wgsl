// The backward sweep of a simple recurrent layer (the forward sweep and its names: simple_rnn_forward.wgsl), with the
// loop over time inside the kernel. From the last step down, with dh what the later steps want of h[t]:
//
//   dh += d_hidden[b, t];  d_x[b, t] = dh * slope(h[t]);  dh = d_x[b, t] · Uᵀ
//
// Where mask[b, t] is 0, d_x is 0, and dh (with d_hidden, as hidden[b, t] repeats h[t-1]) passes through.
// The gradients of U, W and b are matmuls and sums of d_x over all steps, outside of this kernel.
// It is no cell of sweep_backward.wgsl, for the reason in simple_rnn_forward.wgsl: as such a cell it took 1.8 times as
// long.
//
// A buffer marked ? may be absent.
// @binding(1) hidden     : f32[B, T, H] of the forward sweep (read)
// @binding(2) packed     : vec4f[(H rounded up to STEP) / 4, H], four units of one k to a vector, from
//                          recurrent_pack.wgsl, transposed (read)
// @binding(3) d_hidden ? : f32[B, T, H] (read)
// @binding(4) d_last   ? : f32[1, B, H] (read)
// @binding(5) mask     ? : i32[3 B + B T], from mask_schedule.wgsl (read)
// @binding(6) schedule   : always absent (for sweep_common.wgsl: rows do not share their padding)
// @binding(7) d_x        : f32[B, T, H] (write)
// @binding(8) d_initial  : f32[1, B, H]; also carries dh from one chunk of time to the next (read, write)
//
// Workgroup: ROWS batch rows; THREADS invocations, each owning UNITS hidden units of every row (unit = lane + n *
// THREADS).
// ceil(B / ROWS) workgroups, folded over x and y. One dispatch goes over the steps params.end - 1 … params.start.
// Workgroup memory holds d_x of a step, all units, [unit][quad of rows], four rows to a vec4; two barriers per step.
// With subgroups of STEP lanes (lines marked @with(subgroups)) each lane loads the gradients of one unit, and the
// others get them by broadcast: see sweep_forward.wgsl.
// Numerics: float32 throughout; one fixed order of summation (unit ascending), so chunks and runs agree bit for bit.

// @with(subgroups) enable subgroups;

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
@group(0) @binding(6) var<storage, read> schedule: array<i32>;
@group(0) @binding(7) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_initial: array<f32>;

const HIDDEN = 100u;
const THREADS = 104u;
const UNITS = 1u;
const ROWS = 16u;
const STEP_QUADS = 1u; // units per step of the inner loop, in fours; with subgroups as many as they have lanes
const HAS_D_HIDDEN = 1u;
const HAS_D_LAST = 1u;
const HAS_MASK = 0u;
const PADDING = 0u; // every row reads its own
const ACTIVATION = 1u;

const QUADS = ROWS / 4u;
const CELLS = UNITS * QUADS;
const STEP = STEP_QUADS * 4u;
const PADDED = (HIDDEN + STEP - 1u) / STEP * STEP;

// d_x of the step: [PADDED][QUADS], four rows to a vector. What only fills the last vectors up stays zero.
var<workgroup> shared_rows: array<vec4f, PADDED * QUADS>; // @without(scratch)
// the same for each workgroup
// @with(scratch) @group(0) @binding(9) var<storage, read_write> shared_rows: array<vec4f>;

@compute @workgroup_size(THREADS)
fn simple_rnn_backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  // @with(subgroups) @builtin(subgroup_invocation_id) sublane: u32,
) {
  let first_row = (group.x + group.y * groups.x) * ROWS;
  // Where the workgroup's shared_rows begin: on SwiftShader they lie in a buffer, see sweep_forward.wgsl.
  let base = 0u; // @without(scratch)
  // @with(scratch) let base = (group.x + group.y * groups.x) * (PADDED * QUADS);
  // @with(scratch) for (var index = HIDDEN * QUADS + lane; index < PADDED * QUADS; index += THREADS) {
  // @with(scratch)   shared_rows[base + index] = vec4f(0.0);
  // @with(scratch) }
  let counting = kept_steps(first_row, params.start, params.end);
  var d_h: array<vec4f, CELLS>;

  for (var n = 0u; n < UNITS; n++) {
    for (var q = 0u; q < QUADS; q++) {
      let first = first_row + q * 4u;
      let inside = rows_inside(first);
      for (var r = 0u; r < inside; r++) {
        let at = row_of(first + r) * HIDDEN + min(lane + n * THREADS, HIDDEN - 1u);
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
    if (HAS_MASK == 1u && (t < counting.x || t >= counting.y)) {
      for (var n = 0u; n < UNITS; n++) {
        let unit = lane + n * THREADS;
        for (var q = 0u; q < QUADS; q++) {
          let first = first_row + q * 4u;
          let inside = select(0u, rows_inside(first), unit < HIDDEN);
          for (var r = 0u; r < inside; r++) {
            let step = row_of(first + r) * params.steps + t;
            if (HAS_D_HIDDEN == 1u) { d_h[n * QUADS + q][r] += d_hidden[step * HIDDEN + unit]; }
            d_x[step * HIDDEN + unit] = 0.0;
          }
        }
      }
      continue;
    }
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
          let step = row_of(first + r) * params.steps + t;
          var dh = d_h_quad[r];
          if (HAS_D_HIDDEN == 1u) { dh += d_hidden[step * HIDDEN + column]; }
          var d = dh * slope(ACTIVATION, hidden[step * HIDDEN + column]);
          if (HAS_MASK == 1u) {
            let kept = is_kept(step);
            d = select(0.0, d, kept);
            passed[r] = select(dh, 0.0, kept);
          }
          d_quad[r] = d;
          if (unit < HIDDEN) { d_x[step * HIDDEN + unit] = d; }
        }
        d_h[n * QUADS + q] = passed;
        if (unit < HIDDEN) { shared_rows[base + unit * QUADS + q] = d_quad; }
      }
    }
    workgroupBarrier(); // @without(scratch)
    // @with(scratch) storageBarrier();

    var columns: array<u32, UNITS>;
    var weights: array<vec4f, UNITS>;
    var sum: array<vec4f, CELLS>;
    // @unroll
    for (var n = 0u; n < UNITS; n++) {
      columns[n] = min(lane + n * THREADS, HIDDEN - 1u);
    }
    // @unroll
    for (var cell = 0u; cell < CELLS; cell++) {
      sum[cell] = vec4f(0.0);
    }
    for (var k = 0u; k < PADDED; k += STEP) {
      // @with(subgroups) var own: array<vec4f, QUADS>;
      // @with(subgroups) // @unroll
      // @with(subgroups) for (var q = 0u; q < QUADS; q++) {
      // @with(subgroups)   own[q] = shared_rows[base + (k + sublane) * QUADS + q];
      // @with(subgroups) }
      // @unroll
      for (var s = 0u; s < STEP_QUADS; s++) {
        // @unroll
        for (var n = 0u; n < UNITS; n++) {
          weights[n] = packed[(k / 4u + s) * HIDDEN + columns[n]];
        }
        // @unroll
        for (var q = 0u; q < QUADS; q++) {
          let slot = base + (k + s * 4u) * QUADS + q; // @without(subgroups)
          let v0 = shared_rows[slot]; // @without(subgroups)
          let v1 = shared_rows[slot + QUADS]; // @without(subgroups)
          let v2 = shared_rows[slot + 2u * QUADS]; // @without(subgroups)
          let v3 = shared_rows[slot + 3u * QUADS]; // @without(subgroups)
          // @with(subgroups) let v0 = subgroupBroadcast(own[q], s * 4u);
          // @with(subgroups) let v1 = subgroupBroadcast(own[q], s * 4u + 1u);
          // @with(subgroups) let v2 = subgroupBroadcast(own[q], s * 4u + 2u);
          // @with(subgroups) let v3 = subgroupBroadcast(own[q], s * 4u + 3u);
          // @unroll
          for (var n = 0u; n < UNITS; n++) {
            let u = weights[n];
            sum[n * QUADS + q] += v0 * u.x + v1 * u.y + v2 * u.z + v3 * u.w;
          }
        }
      }
    }
    var total: array<vec4f, CELLS>;
    // @unroll
    for (var cell = 0u; cell < CELLS; cell++) {
      total[cell] = sum[cell];
    }
    for (var cell = 0u; cell < CELLS; cell++) {
      d_h[cell] += total[cell];
    }
    workgroupBarrier(); // @without(scratch)
    // @with(scratch) storageBarrier();
  }

  for (var n = 0u; n < UNITS; n++) {
    let unit = lane + n * THREADS;
    for (var q = 0u; q < QUADS; q++) {
      let first = first_row + q * 4u;
      let inside = select(0u, rows_inside(first), unit < HIDDEN);
      for (var r = 0u; r < inside; r++) {
        d_initial[row_of(first + r) * HIDDEN + unit] = d_h[n * QUADS + q][r];
      }
    }
  }
}
