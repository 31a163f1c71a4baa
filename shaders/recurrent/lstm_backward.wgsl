// The backward sweep of an LSTM (backpropagation through time; Hochreiter & Schmidhuber 1997, Gers et al. 2000; the
// forward sweep and its names: sweep_forward.wgsl), with the loop over time inside the kernel. From the last step down,
// with dh and dc what the later steps want of h[t] and c[t], and y' the slope of an activation at its output y:
//
//   dh += d_hidden[b, t];  a = activation(c[t])
//   do = dh * a * o';  dc += dh * o * a';  di = dc * g * i';  dg = dc * i * g';  df = dc * c[t-1] * f'
//   d_x[b, t] = (di, df, dg, do);  dh = d_x[b, t] · Uᵀ;  dc = dc * f
//
// Where mask[b, t] is 0, d_x is 0, and dh (with d_hidden, as hidden[b, t] repeats h[t-1]) and dc pass through.
// The gradients of U, W and b are matmuls and sums of d_x over all steps, outside of this kernel.
//
// PADDING, as in the forward sweep, with one row more (B, the padding's own) in saved, d_x and d_initial, and no gradient
// of h but of its last (no d_hidden):
//   1  all other rows, each down to its start; d_initial holds the gradient of the state that it started from
//   2  the padding's row alone: at each step it takes up d_initial of the rows that start after it
//
// A buffer marked ? may be absent.
// @binding(1) saved      : f32[B, T, 5H]: i, f, g, o, c of the forward sweep (read)
// @binding(2) packed     : vec4f[H rounded up to LANES, H], from recurrent_pack.wgsl, transposed (read)
// @binding(3) d_hidden ? : f32[B, T, H] (read)
// @binding(4) d_last   ? : f32[2, B, H], dh then dc (read)
// @binding(5) mask     ? : i32[3 B + B T], from mask_schedule.wgsl (read)
// @binding(6) schedule   : i32[2, B], from padding.wgsl (read, if PADDING is not 0)
// @binding(7) initial  ? : f32[2, B, H], h then c (read)
// @binding(8) d_x        : f32[B, T, 4H] (write)
// @binding(9) d_initial  : f32[2, B, H], dh then dc; also carries them from one chunk of time to the next (read, write)
//
// Workgroup: ROWS batch rows; THREADS invocations, each owning UNITS hidden units of every row (unit = lane + n * THREADS).
// ceil(B / ROWS) workgroups, folded over x and y. One dispatch goes over the steps params.end - 1 … params.start.
// Workgroup memory holds the gate gradients of THREADS units at a time (a tile), [unit][gate][quad of rows], four rows
// to a vec4, so that a thread only ever writes whole vectors. UNITS tiles per step, two barriers each. With subgroups
// of LANES lanes each lane loads the gradients of one unit, and the others get them by broadcast (see sweep_forward.wgsl).
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
@group(0) @binding(9) var<storage, read_write> d_initial: array<f32>;

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
const ACTIVATION = 1u;
const RECURRENT_ACTIVATION = 2u;

const QUADS = ROWS / 4u;
const CELLS = UNITS * QUADS;
const GATE_QUADS = 4u * QUADS;

// Gate gradients of a tile: [THREADS][4 gates][QUADS], four rows to a vector.
var<workgroup> shared_rows: array<vec4f, THREADS * GATE_QUADS>; // @without(scratch)
// @with(scratch) @group(0) @binding(10) var<storage, read_write> shared_rows: array<vec4f>; // the same for each workgroup

@compute @workgroup_size(THREADS)
fn lstm_backward(
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
  let state = (params.batch + select(0u, 1u, PADDING > 0u)) * HIDDEN;
  let last_state = params.batch * HIDDEN;
  var d_h: array<vec4f, CELLS>;
  var d_c: array<vec4f, CELLS>;
  var u: array<vec4f, UNITS>;
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
            d_c[n * QUADS + q][r] = d_initial[at + state];
          }
        } else if (params.end < params.steps) {
          d_h[n * QUADS + q][r] = d_initial[at];
          d_c[n * QUADS + q][r] = d_initial[at + state];
        } else if (HAS_D_LAST == 1u) {
          d_h[n * QUADS + q][r] = d_last[at];
          d_c[n * QUADS + q][r] = d_last[at + last_state];
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
            let to = step * (4u * HIDDEN) + unit;
            d_x[to] = 0.0;
            d_x[to + HIDDEN] = 0.0;
            d_x[to + 2u * HIDDEN] = 0.0;
            d_x[to + 3u * HIDDEN] = 0.0;
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
          d_c[n * QUADS].x += d_initial[at + state];
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
        var d_c_quad = d_c[tile * QUADS + q];
        var passed = vec4f(0.0);
        var i_quad: vec4f;
        var f_quad: vec4f;
        var g_quad: vec4f;
        var o_quad: vec4f;
        let first = first_row + q * 4u;
        let inside = rows_inside(first);
        for (var r = 0u; r < inside; r++) {
          let start = start_of(first + r);
          let step = row_of(first + r) * params.steps + t;
          let at = step * (5u * HIDDEN) + column;
          let i = saved[at];
          let f = saved[at + HIDDEN];
          let g = saved[at + 2u * HIDDEN];
          let o = saved[at + 3u * HIDDEN];
          let a = activate(ACTIVATION, saved[at + 4u * HIDDEN]);
          var c_before = 0.0;
          if (PADDING == 1u && t > 0u && t == start) {
            c_before = saved[((params.batch * params.steps + t) * 5u - 1u) * HIDDEN + column];
          } else if (t > 0u) {
            c_before = saved[at - HIDDEN];
          } else if (HAS_INITIAL == 1u) {
            c_before = initial[row_of(first + r) * HIDDEN + column + last_state];
          }
          var dh = d_h_quad[r];
          if (HAS_D_HIDDEN == 1u) { dh += d_hidden[step * HIDDEN + column]; }
          let dc = d_c_quad[r] + dh * o * slope(ACTIVATION, a);
          var d_i = dc * g * slope(RECURRENT_ACTIVATION, i);
          var d_f = dc * c_before * slope(RECURRENT_ACTIVATION, f);
          var d_g = dc * i * slope(ACTIVATION, g);
          var d_o = dh * a * slope(RECURRENT_ACTIVATION, o);
          var d_c_before = dc * f;
          let is_own = t >= start;
          if (HAS_MASK == 1u || PADDING == 1u) {
            // Select, not multiply: before a row's start saved holds anything.
            var kept = is_own;
            if (HAS_MASK == 1u) { kept = is_kept(step); }
            d_i = select(0.0, d_i, kept);
            d_f = select(0.0, d_f, kept);
            d_g = select(0.0, d_g, kept);
            d_o = select(0.0, d_o, kept);
            d_c_before = select(d_c_quad[r], d_c_before, kept);
            passed[r] = select(dh, 0.0, kept);
          }
          d_c_quad[r] = d_c_before;
          i_quad[r] = d_i;
          f_quad[r] = d_f;
          g_quad[r] = d_g;
          o_quad[r] = d_o;
          if (unit < HIDDEN && is_own) {
            let to = step * (4u * HIDDEN) + unit;
            d_x[to] = d_i;
            d_x[to + HIDDEN] = d_f;
            d_x[to + 2u * HIDDEN] = d_g;
            d_x[to + 3u * HIDDEN] = d_o;
          }
        }
        d_c[tile * QUADS + q] = d_c_quad;
        d_h_passed[tile * QUADS + q] = passed;
        let slot = base + lane * GATE_QUADS + q;
        shared_rows[slot] = i_quad;
        shared_rows[slot + QUADS] = f_quad;
        shared_rows[slot + 2u * QUADS] = g_quad;
        shared_rows[slot + 3u * QUADS] = o_quad;
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
            let d_i = shared_rows[slot]; // @without(subgroups)
            let d_f = shared_rows[slot + QUADS]; // @without(subgroups)
            let d_g = shared_rows[slot + 2u * QUADS]; // @without(subgroups)
            let d_o = shared_rows[slot + 3u * QUADS]; // @without(subgroups)
            // @with(subgroups) let d_i = subgroupBroadcast(own[q], s);
            // @with(subgroups) let d_f = subgroupBroadcast(own[QUADS + q], s);
            // @with(subgroups) let d_g = subgroupBroadcast(own[2u * QUADS + q], s);
            // @with(subgroups) let d_o = subgroupBroadcast(own[3u * QUADS + q], s);
            // @unroll
            for (var n = 0u; n < UNITS; n++) {
              sum[n * QUADS + q] += d_i * u[n].x + d_f * u[n].y + d_g * u[n].z + d_o * u[n].w;
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
        d_initial[at + state] = d_c[n * QUADS + q][r];
      }
    }
  }
}
