// The backward sweep of a recurrent layer with gates (backpropagation through time; the forward sweep and its names:
// sweep_forward.wgsl), with the loop over time inside the kernel. The cell's step back stands in the cell's own file
// (lstm_step.wgsl, gru_step.wgsl), which is put behind this one. From the last step down, with dh and dc the gradients
// of h[t] and c[t] by the later steps:
//
//   dh += d_hidden[b, t]
//   d_x[b, t], d_u[b, t], dh, dc = cell_step_back(saved[b, t], c[t-1], dh, dc)
//   dh += d_u[b, t] · Uᵀ
//
// d_x is the gradient of the input's projection, d_u that of the recurrent product (and its bias); of a cell that adds
// the two d_u is d_x. Where mask[b, t] is 0 both are 0, and dh (with d_hidden, as hidden[b, t] repeats h[t-1]) and dc
// pass through. The gradients of U, W and the biases are matmuls and sums over all steps, outside of this kernel.
//
// PADDING, as in the forward sweep, with one row more (B, the padding's own) in saved, d_x, d_u and d_initial, and no
// gradient of h but of its last (no d_hidden):
//   1  all other rows, each down to its start; d_initial holds the gradient of the state that it started from
//   2  the padding's row alone: at each step it takes up d_initial of the rows that start after it
//
// A buffer marked ? may be absent.
// @binding(1) saved      : f32[B, T, 5H] of the forward sweep: the cell's four numbers, then its memory (read)
// @binding(2) packed     : vec4f[H rounded up to LANES, a row of the units' own weights if the cell has any; H], from
//                          recurrent_pack.wgsl, transposed (read)
// @binding(3) d_hidden ? : f32[B, T, H] (read)
// @binding(4) d_last   ? : f32[S, B, H], dh then dc (read)
// @binding(5) mask     ? : i32[3 B + B T], from mask_schedule.wgsl (read)
// @binding(6) schedule   : i32[2, B], from padding.wgsl (read, if PADDING is not 0)
// @binding(7) initial  ? : f32[S, B, H], h then c: the c that the first step began with (read)
// @binding(8) d_x        : f32[B, T, G H] (write)
// @binding(9) d_u      ? : f32[B, T, G H] (write)
// @binding(10) d_initial : f32[S, B, H], dh then dc; also carries them from one chunk of time to the next (read, write)
//
// Workgroup: ROWS batch rows; THREADS invocations, each owning UNITS hidden units of every row (unit = lane + n *
// THREADS).
// ceil(B / ROWS) workgroups, folded over x and y. One dispatch goes over the steps params.end - 1 … params.start.
// Workgroup memory holds d_u of THREADS units at a time (a tile), [unit][gate][quad of rows], four rows to a vec4, so
// that a thread only ever writes whole vectors. UNITS tiles per step, two barriers each. With subgroups of LANES lanes
// each lane loads the gradients of one unit, and the others get them by broadcast (see sweep_forward.wgsl).
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
@group(0) @binding(7) var<storage, read> initial: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(9) var<storage, read_write> d_u: array<f32>;
@group(0) @binding(10) var<storage, read_write> d_initial: array<f32>;

const GATES = 4u;
const STATES = 2u;
const HIDDEN = 100u;
const THREADS = 32u;
const UNITS = 4u;
const ROWS = 16u;
const LANES = 1u; // units per step of the inner loop: the subgroup's size with subgroups
const PADDING = 0u;
const HAS_D_HIDDEN = 1u;
const HAS_D_LAST = 1u;
const HAS_MASK = 0u;
const HAS_INITIAL = 0u;
const HAS_D_U = 0u;
const ACTIVATION = 1u;
const RECURRENT_ACTIVATION = 2u;

const OTHER_GATES = GATES - 1u;
const QUADS = ROWS / 4u;
const CELLS = UNITS * QUADS;
const GATE_QUADS = GATES * QUADS;
const PADDED = (HIDDEN + LANES - 1u) / LANES * LANES;

// d_u of a tile: [THREADS][GATES][QUADS], four rows to a vector.
var<workgroup> shared_rows: array<vec4f, THREADS * GATE_QUADS>; // @without(scratch)
// the same for each workgroup
// @with(scratch) @group(0) @binding(11) var<storage, read_write> shared_rows: array<vec4f>;

// The weights that a unit has of its own, at most four.
fn unit_weights(column: u32) -> vec4f {
  return packed[PADDED * HIDDEN + column];
}

// c before step t of the row in a slot.
fn c_before(slot: u32, t: u32, column: u32) -> f32 {
  let row = row_of(slot);
  if (PADDING == 1u && t > 0u && t == start_of(slot)) {
    return saved[((params.batch * params.steps + t) * 5u - 1u) * HIDDEN + column];
  }
  if (t > 0u) {
    return saved[((row * params.steps + t) * 5u - 1u) * HIDDEN + column];
  }
  if (HAS_INITIAL == 1u) {
    return initial[(params.batch + row) * HIDDEN + column];
  }
  return 0.0;
}

@compute @workgroup_size(THREADS)
fn sweep_backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  // @with(subgroups) @builtin(subgroup_invocation_id) sublane: u32,
) {
  let first_row = (group.x + group.y * groups.x) * ROWS;
  // Where the workgroup's shared_rows begin: on SwiftShader they lie in a buffer, see sweep_forward.wgsl.
  let base = 0u; // @without(scratch)
  // @with(scratch) let base = (group.x + group.y * groups.x) * (THREADS * GATE_QUADS);
  var begin = params.start;
  var end = params.end;
  // Slots are sorted by start: the first one's is the group's, the last one's ends the padding.
  if (PADDING == 1u) { begin = max(begin, start_of(first_row)); }
  if (PADDING == 2u) { end = min(end, padding_end(params.batch)); }
  if (begin >= end) {
    return;
  }
  let counting = kept_steps(first_row, begin, end);
  // Where dc begins in d_initial and in d_last.
  let state = (params.batch + select(0u, 1u, PADDING > 0u)) * HIDDEN;
  let last_state = params.batch * HIDDEN;
  var d_h: array<vec4f, CELLS>;
  var d_c: array<vec4f, CELLS>;
  var u: array<vec4f, UNITS>;
  var d: array<vec4f, GATES>;
  var gate_quads: array<vec4f, GATES>;
  // Slots whose rows start at `end` or before.
  var started = params.batch;
  if (PADDING == 2u) {
    while (started > 0u && padding_end(started - 1u) > end) {
      started--;
    }
  }

  for (var n = 0u; n < UNITS; n++) {
    for (var q = 0u; q < QUADS; q++) {
      let first = first_row + q * 4u;
      let inside = rows_inside(first);
      for (var r = 0u; r < inside; r++) {
        let at = row_of(first + r) * HIDDEN + min(lane + n * THREADS, HIDDEN - 1u);
        if (PADDING == 2u) {
          if (end < padding_end(params.batch)) {
            d_h[n * QUADS + q][r] = d_initial[at];
            if (STATES == 2u) { d_c[n * QUADS + q][r] = d_initial[at + state]; }
          }
        } else if (params.end < params.steps) {
          d_h[n * QUADS + q][r] = d_initial[at];
          if (STATES == 2u) { d_c[n * QUADS + q][r] = d_initial[at + state]; }
        } else if (HAS_D_LAST == 1u) {
          d_h[n * QUADS + q][r] = d_last[at];
          if (STATES == 2u) { d_c[n * QUADS + q][r] = d_last[at + last_state]; }
        }
      }
    }
  }

  for (var t = end; t > begin;) {
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
            // @unroll
            for (var gate = 0u; gate < GATES; gate++) {
              let to = (step * GATES + gate) * HIDDEN + unit;
              d_x[to] = 0.0;
              if (HAS_D_U == 1u) { d_u[to] = 0.0; }
            }
          }
        }
      }
      continue;
    }
    if (PADDING == 2u) {
      while (started > 0u && padding_end(started - 1u) == t + 1u) {
        started--;
        for (var n = 0u; n < UNITS; n++) {
          let at = u32(schedule[started]) * HIDDEN + min(lane + n * THREADS, HIDDEN - 1u);
          d_h[n * QUADS].x += d_initial[at];
          if (STATES == 2u) { d_c[n * QUADS].x += d_initial[at + state]; }
        }
      }
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
        var d_c_quad = vec4f(0.0);
        if (STATES == 2u) { d_c_quad = d_c[tile * QUADS + q]; }
        var passed = vec4f(0.0);
        // @unroll
        for (var gate = 0u; gate < GATES; gate++) {
          gate_quads[gate] = vec4f(0.0);
        }
        let first = first_row + q * 4u;
        let inside = rows_inside(first);
        for (var r = 0u; r < inside; r++) {
          let step = row_of(first + r) * params.steps + t;
          let at = step * (5u * HIDDEN) + column;
          let parts = vec4f(saved[at], saved[at + HIDDEN], saved[at + 2u * HIDDEN], saved[at + 3u * HIDDEN]);
          var before = 0.0;
          if (STATES == 2u) { before = c_before(first + r, t, column); }
          var dh = d_h_quad[r];
          if (HAS_D_HIDDEN == 1u) { dh += d_hidden[step * HIDDEN + column]; }
          var back = cell_step_back(parts, saved[at + 4u * HIDDEN], before, dh, d_c_quad[r], column);
          let is_own = t >= start_of(first + r);
          if (HAS_MASK == 1u || PADDING == 1u) {
            // Select, not multiply: before a row's start saved holds anything.
            var kept = is_own;
            if (HAS_MASK == 1u) { kept = is_kept(step); }
            back.d_x = select(vec4f(0.0), back.d_x, kept);
            back.d_u = select(vec4f(0.0), back.d_u, kept);
            back.d_h = select(dh, back.d_h, kept);
            back.d_c = select(d_c_quad[r], back.d_c, kept);
          }
          passed[r] = back.d_h;
          if (STATES == 2u) { d_c_quad[r] = back.d_c; }
          // @unroll
          for (var gate = 0u; gate < GATES; gate++) {
            gate_quads[gate][r] = back.d_u[gate];
          }
          if (unit < HIDDEN && is_own) {
            // @unroll
            for (var gate = 0u; gate < GATES; gate++) {
              let to = (step * GATES + gate) * HIDDEN + unit;
              d_x[to] = back.d_x[gate];
              if (HAS_D_U == 1u) { d_u[to] = back.d_u[gate]; }
            }
          }
        }
        if (STATES == 2u) { d_c[tile * QUADS + q] = d_c_quad; }
        d_h_passed[tile * QUADS + q] = passed;
        // @unroll
        for (var gate = 0u; gate < GATES; gate++) {
          shared_rows[base + lane * GATE_QUADS + gate * QUADS + q] = gate_quads[gate];
        }
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
            // @unroll
            for (var gate = 0u; gate < GATES; gate++) {
              d[gate] = shared_rows[base + (j + s) * GATE_QUADS + gate * QUADS + q]; // @without(subgroups)
              // @with(subgroups) d[gate] = subgroupBroadcast(own[gate * QUADS + q], s);
            }
            // @unroll
            for (var n = 0u; n < UNITS; n++) {
              var product = d[0] * u[n].x;
              // @unroll
              for (var gate = 0u; gate < OTHER_GATES; gate++) {
                product += d[gate + 1u] * u[n][gate + 1u];
              }
              sum[n * QUADS + q] += product;
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
        let at = row_of(first + r) * HIDDEN + unit;
        d_initial[at] = d_h[n * QUADS + q][r];
        if (STATES == 2u) { d_initial[at + state] = d_c[n * QUADS + q][r]; }
      }
    }
  }
}
