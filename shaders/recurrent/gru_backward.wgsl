// The backward sweep of a GRU (backpropagation through time; the forward sweep and its names: sweep_forward.wgsl), with the
// loop over time inside the kernel. From the last step down, with dh what the later steps want of h[t] and y' the slope
// of an activation at its output y:
//
//   dh += d_hidden[b, t];  dz = dh * (h[t-1] - g) * z';  dg = dh * (1 - z) * g';  dr = dg * u_h * r'
//   d_x[b, t] = (dz, dr, dg);  d_u[b, t] = (dz, dr, dg * r);  dh = dh * z + d_u[b, t] · Uᵀ
//
// d_x is the gradient of the input's projection, d_u that of the recurrent product (and its bias). Where mask[b, t] is 0
// both are 0, and dh (with d_hidden, as hidden[b, t] repeats h[t-1]) passes through.
// The gradients of U, W and the biases are matmuls and sums over all steps, outside of this kernel.
//
// A buffer marked ? may be absent.
// @binding(1) saved      : f32[B, T, 5H]: z, r, g, u_h, h[t-1] of the forward sweep (read)
// @binding(2) packed     : vec4f[H rounded up to LANES, H], from recurrent_pack.wgsl, transposed (read)
// @binding(3) d_hidden ? : f32[B, T, H] (read)
// @binding(4) d_last   ? : f32[1, B, H] (read)
// @binding(5) mask     ? : i32[3 B + B T], from mask_schedule.wgsl (read)
// @binding(6) schedule   : always absent (for sweep_common.wgsl: rows do not share their padding)
// @binding(7) d_x        : f32[B, T, 3H] (write)
// @binding(8) d_u        : f32[B, T, 3H] (write)
// @binding(9) d_initial  : f32[1, B, H]; also carries dh from one chunk of time to the next (read, write)
//
// Workgroup: ROWS batch rows; THREADS invocations, each owning UNITS hidden units of every row (unit = lane + n * THREADS).
// ceil(B / ROWS) workgroups, folded over x and y. One dispatch goes over the steps params.end - 1 … params.start.
// Workgroup memory holds d_u of THREADS units at a time (a tile), [unit][gate][quad of rows], four rows to a vec4, so that
// a thread only ever writes whole vectors. UNITS tiles per step, two barriers each. With subgroups of LANES lanes each
// lane loads the gradients of one unit, and the others get them by broadcast (see sweep_forward.wgsl).
// Numerics: float32 throughout; one fixed order of summation (unit ascending), so chunks and runs agree bit for bit.

// @with(subgroups) enable subgroups;

struct Params {
  batch: u32,
  steps: u32,
  start: u32,
  end: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> saved: array<f32>;
@group(0) @binding(2) var<storage, read> packed: array<vec4f>;
@group(0) @binding(3) var<storage, read> d_hidden: array<f32>;
@group(0) @binding(4) var<storage, read> d_last: array<f32>;
@group(0) @binding(5) var<storage, read> mask: array<i32>;
@group(0) @binding(6) var<storage, read> schedule: array<i32>;
@group(0) @binding(7) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_u: array<f32>;
@group(0) @binding(9) var<storage, read_write> d_initial: array<f32>;

const HIDDEN = 100u;
const THREADS = 32u;
const UNITS = 4u;
const ROWS = 16u;
const LANES = 1u; // units per step of the inner loop: the subgroup's size with subgroups
const HAS_D_HIDDEN = 1u;
const HAS_D_LAST = 1u;
const HAS_MASK = 0u;
const PADDING = 0u; // every row reads its own
const ACTIVATION = 1u;
const RECURRENT_ACTIVATION = 2u;

const QUADS = ROWS / 4u;
const CELLS = UNITS * QUADS;
const GATE_QUADS = 3u * QUADS;

// d_u of a tile: [THREADS][3 gates][QUADS], four rows to a vector.
var<workgroup> shared_rows: array<vec4f, THREADS * GATE_QUADS>; // @without(scratch)
// @with(scratch) @group(0) @binding(10) var<storage, read_write> shared_rows: array<vec4f>; // the same for each workgroup

@compute @workgroup_size(THREADS)
fn gru_backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  // @with(subgroups) @builtin(subgroup_invocation_id) sublane: u32,
) {
  let first_row = (group.x + group.y * groups.x) * ROWS;
  // Where the workgroup's shared_rows begin: on SwiftShader they lie in a buffer, see sweep_forward.wgsl.
  let base = 0u; // @without(scratch)
  // @with(scratch) let base = (group.x + group.y * groups.x) * (THREADS * GATE_QUADS);
  let counting = kept_steps(first_row, params.start, params.end);
  var d_h: array<vec4f, CELLS>;
  var u: array<vec4f, UNITS>;

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
            let to = step * (3u * HIDDEN) + unit;
            d_x[to] = 0.0;
            d_x[to + HIDDEN] = 0.0;
            d_x[to + 2u * HIDDEN] = 0.0;
            d_u[to] = 0.0;
            d_u[to + HIDDEN] = 0.0;
            d_u[to + 2u * HIDDEN] = 0.0;
          }
        }
      }
      continue;
    }
    var d_h_passed: array<vec4f, CELLS>;
    var sum: array<vec4f, CELLS>;
    // @unroll
    for (var cell = 0u; cell < CELLS; cell++) {
      sum[cell] = vec4f(0.0);
    }
    for (var tile = 0u; tile < UNITS; tile++) {
      let unit = lane + tile * THREADS;
      let column = min(unit, HIDDEN - 1u);
      for (var q = 0u; q < QUADS; q++) {
        let d_h_quad = d_h[tile * QUADS + q];
        var passed = vec4f(0.0);
        var z_quad: vec4f;
        var r_quad: vec4f;
        var u_quad: vec4f;
        let first = first_row + q * 4u;
        let inside = rows_inside(first);
        for (var r = 0u; r < inside; r++) {
          let step = row_of(first + r) * params.steps + t;
          let at = step * (5u * HIDDEN) + column;
          let update = saved[at];
          let reset = saved[at + HIDDEN];
          let g = saved[at + 2u * HIDDEN];
          let inner = saved[at + 3u * HIDDEN];
          let before = saved[at + 4u * HIDDEN];
          var dh = d_h_quad[r];
          if (HAS_D_HIDDEN == 1u) { dh += d_hidden[step * HIDDEN + column]; }
          var d_z = dh * (before - g) * slope(RECURRENT_ACTIVATION, update);
          var d_g = dh * (1.0 - update) * slope(ACTIVATION, g);
          var d_r = d_g * inner * slope(RECURRENT_ACTIVATION, reset);
          var d_inner = d_g * reset;
          passed[r] = dh * update;
          if (HAS_MASK == 1u) {
            let kept = is_kept(step);
            d_z = select(0.0, d_z, kept);
            d_r = select(0.0, d_r, kept);
            d_g = select(0.0, d_g, kept);
            d_inner = select(0.0, d_inner, kept);
            passed[r] = select(dh, passed[r], kept);
          }
          z_quad[r] = d_z;
          r_quad[r] = d_r;
          u_quad[r] = d_inner;
          if (unit < HIDDEN) {
            let to = step * (3u * HIDDEN) + unit;
            d_x[to] = d_z;
            d_x[to + HIDDEN] = d_r;
            d_x[to + 2u * HIDDEN] = d_g;
            d_u[to] = d_z;
            d_u[to + HIDDEN] = d_r;
            d_u[to + 2u * HIDDEN] = d_inner;
          }
        }
        d_h_passed[tile * QUADS + q] = passed;
        let slot = base + lane * GATE_QUADS + q;
        shared_rows[slot] = z_quad;
        shared_rows[slot + QUADS] = r_quad;
        shared_rows[slot + 2u * QUADS] = u_quad;
      }
      workgroupBarrier(); // @without(scratch)
      // @with(scratch) storageBarrier();

      // The last tiles may lie beyond HIDDEN altogether.
      let tile_units = min(THREADS, HIDDEN - min(tile * THREADS, HIDDEN));
      // A thread takes UNITS units at once, so that a gate gradient that was read serves them all.
      for (var j = 0u; j < tile_units; j += LANES) {
        // @with(subgroups) var own: array<vec4f, GATE_QUADS>;
        // @with(subgroups) // @unroll
        // @with(subgroups) for (var index = 0u; index < GATE_QUADS; index++) {
        // @with(subgroups)   own[index] = shared_rows[base + (j + sublane) * GATE_QUADS + index];
        // @with(subgroups) }
        // @unroll
        for (var s = 0u; s < LANES; s++) {
          let row = (tile * THREADS + j + s) * HIDDEN;
          // @unroll
          for (var n = 0u; n < UNITS; n++) {
            u[n] = packed[row + min(lane + n * THREADS, HIDDEN - 1u)];
          }
          // @unroll
          for (var q = 0u; q < QUADS; q++) {
            let slot = base + (j + s) * GATE_QUADS + q; // @without(subgroups)
            let d_z = shared_rows[slot]; // @without(subgroups)
            let d_r = shared_rows[slot + QUADS]; // @without(subgroups)
            let d_inner = shared_rows[slot + 2u * QUADS]; // @without(subgroups)
            // @with(subgroups) let d_z = subgroupBroadcast(own[q], s);
            // @with(subgroups) let d_r = subgroupBroadcast(own[QUADS + q], s);
            // @with(subgroups) let d_inner = subgroupBroadcast(own[2u * QUADS + q], s);
            // @unroll
            for (var n = 0u; n < UNITS; n++) {
              sum[n * QUADS + q] += d_z * u[n].x + d_r * u[n].y + d_inner * u[n].z;
            }
          }
        }
      }
      workgroupBarrier(); // @without(scratch)
      // @with(scratch) storageBarrier();
    }
    var total: array<vec4f, CELLS>;
    // @unroll
    for (var cell = 0u; cell < CELLS; cell++) {
      total[cell] = sum[cell];
    }
    for (var cell = 0u; cell < CELLS; cell++) {
      d_h[cell] = d_h_passed[cell] + total[cell];
    }
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
