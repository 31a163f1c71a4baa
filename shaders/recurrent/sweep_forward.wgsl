// The forward sweep of a recurrent layer with gates: the loop over time inside the kernel. What the layer's cell does
// in one step stands in a file of its own (lstm_step.wgsl, gru_step.wgsl), which is put behind this one. Per batch row:
//
//   u = h · U (+ bias)             (x already holds the input's product with its kernel, and the bias)
//   h, c = cell_step(x[b, t], u, h, c)
//
// G gates (GATES), S states (STATES): h, and c where the cell has one. A cell whose units have weights of their own,
// such as peepholes, reads them by unit_weights.
//
// Where a mask is 0 at (b, t), h and c stay as they are and hidden[b, t] repeats h. The mask comes with a schedule
// (mask_schedule.wgsl): rows are taken longest first, so that those of a workgroup skip what they all leave out at
// their ends.
//
// PADDING: rows of one batch that begin with the same padding go through the same states while they read it, so it is
// read once, by a row of its own (row B of ids, hidden and saved), and every row starts from where its padding ends.
//   0  there is no such row; every row starts at step 0
//   2  the padding's own row alone: steps 0 … the last start - 1; `last` is f32[T, S, H], the states after each step
//   1  all other rows, by schedule: the rows in the order of their starts, then the starts; they start from the states
//      that the padding's row wrote. hidden and saved are written from a row's start on.
//
// A buffer marked ? may be absent.
// @binding(1) x              : f32[B, T, G H]; with ids f32[V, G H], whose row x[ids[b, t]] is that of (b, t) (read)
// @binding(2) ids          ? : i32[B, T] (read; clamped into the table)
// @binding(3) packed         : vec4f[H rounded up to STEP, a row of the bias if HAS_BIAS, a row of the units' own
//                              weights if the cell has any; H], from recurrent_pack.wgsl (read)
// @binding(4) initial      ? : f32[S, B, H] (read)
// @binding(5) padding_states : f32[T, S, H], `last` of the padding's row (read, if PADDING is 1)
// @binding(6) mask         ? : i32[3 B + B T], from mask_schedule.wgsl (read)
// @binding(7) schedule       : i32[2, B], from padding.wgsl (read, if PADDING is not 0)
// @binding(8) hidden       ? : f32[B, T, H] (write)
// @binding(9) saved        ? : f32[B, T, 5H]: the cell's four numbers, then its memory (write); at masked steps only
// the
//                              memory is defined
// @binding(10) last          : f32[S, B, H]; also carries the states from one chunk of time to the next (read, write)
//
// Workgroup: ROWS batch rows; THREADS invocations, each owning UNITS hidden units of every row (unit = lane + n *
// THREADS).
// ceil(B / ROWS) workgroups, folded over x and y. One dispatch goes over the steps params.start … params.end - 1.
// Four rows share a vec4, so that a thread only ever writes whole vectors of workgroup memory: it holds h as
// [unit][quad of rows], once (BUFFERS = 1, two barriers per step) or twice (BUFFERS = 2, one barrier per step).
// On software adapters a load costs as much as dozens of multiply-adds, lane by lane. With subgroups of STEP lanes
// (lines marked @with(subgroups)) each lane loads h of one k, and the others get it by broadcast: 12 loads instead of
// 40 for eight k of 16 rows and four gates, 1.7 times as fast on lavapipe.
// SwiftShader zeroes workgroup memory by one store for every number, and takes seconds to compile them: there
// shared_rows lies in a scratch buffer, @binding(11) (lines marked @with(scratch)).
// Numerics: float32 throughout; one fixed order of summation (k ascending, then bias and x), so chunks and runs agree
// bit for bit.

// @with(subgroups) enable subgroups;

struct Params {
  batch: u32,
  steps: u32,
  start: u32,
  end: u32,
  table_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> ids: array<i32>;
@group(0) @binding(3) var<storage, read> packed: array<vec4f>;
@group(0) @binding(4) var<storage, read> initial: array<f32>;
@group(0) @binding(5) var<storage, read> padding_states: array<f32>;
@group(0) @binding(6) var<storage, read> mask: array<i32>;
@group(0) @binding(7) var<storage, read> schedule: array<i32>;
@group(0) @binding(8) var<storage, read_write> hidden: array<f32>;
@group(0) @binding(9) var<storage, read_write> saved: array<f32>;
@group(0) @binding(10) var<storage, read_write> last: array<f32>;

const GATES = 4u;
const STATES = 2u;
const HIDDEN = 100u;
const THREADS = 104u;
const UNITS = 1u;
const ROWS = 16u;
const BUFFERS = 2u;
const STEP_QUADS = 1u; // k per step of the inner loop, in fours; with subgroups as many as they have lanes
const HAS_IDS = 0u;
const PADDING = 0u;
const HAS_BIAS = 0u;
const HAS_INITIAL = 0u;
const HAS_MASK = 0u;
const HAS_HIDDEN = 1u;
const HAS_SAVED = 1u;
const ACTIVATION = 1u;
const RECURRENT_ACTIVATION = 2u;

const QUADS = ROWS / 4u;
const CELLS = UNITS * QUADS;
const SUMS = GATES * CELLS;
const WEIGHTS = UNITS * 4u; // four k
const STEP = STEP_QUADS * 4u;
const PADDED = (HIDDEN + STEP - 1u) / STEP * STEP;
const SPAN = PADDED * QUADS;

// h of the workgroup's rows: [BUFFERS][PADDED][QUADS], four rows to a vector.
var<workgroup> shared_rows: array<vec4f, BUFFERS * SPAN>; // @without(scratch)
// the same for each workgroup
// @with(scratch) @group(0) @binding(11) var<storage, read_write> shared_rows: array<vec4f>;

// Where in x the row of batch row b and step t starts.
fn x_offset(step: u32) -> u32 {
  if (HAS_IDS == 1u) {
    return u32(clamp(ids[step], 0, i32(params.table_rows) - 1)) * (GATES * HIDDEN);
  }
  return step * (GATES * HIDDEN);
}

// The weights that a unit has of its own, at most four.
fn unit_weights(column: u32) -> vec4f {
  return packed[(PADDED + HAS_BIAS) * HIDDEN + column];
}

// State `index` (0: h, 1: c) of a unit, of the row in a slot, before step `begin`.
fn first_state(index: u32, slot: u32, begin: u32, column: u32) -> f32 {
  let at = (index * params.batch + row_of(slot)) * HIDDEN + column;
  let after_padding = ((max(begin, 1u) - 1u) * STATES + index) * HIDDEN + column;
  var value = 0.0;
  if (PADDING == 2u) {
    if (begin > 0u) { value = last[after_padding]; }
  } else if (begin > start_of(slot)) {
    value = last[at];
  } else if (PADDING == 1u && begin > 0u) {
    value = padding_states[after_padding];
  } else if (HAS_INITIAL == 1u) {
    value = initial[at];
  }
  return value;
}

@compute @workgroup_size(THREADS)
fn sweep_forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  // @with(subgroups) @builtin(subgroup_invocation_id) sublane: u32,
) {
  let first_row = (group.x + group.y * groups.x) * ROWS;
  // Slots are sorted by start, so that the first one's is the group's.
  let begin = max(params.start, start_of(first_row));
  var end = params.end;
  if (PADDING == 2u) { end = min(end, padding_end(params.batch)); }
  if (PADDING > 0u && begin >= end) {
    return;
  }
  let counting = kept_steps(first_row, begin, end);
  var cell: array<vec4f, CELLS>;
  var next_h: array<vec4f, CELLS>;

  // Where the workgroup's shared_rows begin.
  let base = 0u; // @without(scratch)
  // @with(scratch) let base = (group.x + group.y * groups.x) * (BUFFERS * SPAN);

  // Rows that only fill the last vectors up (PADDED) stay zero: workgroup memory starts zeroed.
  // @with(scratch) for (var index = HIDDEN * QUADS + lane; index < SPAN; index += THREADS) {
  // @with(scratch)   shared_rows[base + index] = vec4f(0.0);
  // @with(scratch)   shared_rows[base + (BUFFERS - 1u) * SPAN + index] = vec4f(0.0);
  // @with(scratch) }
  for (var n = 0u; n < UNITS; n++) {
    let unit = lane + n * THREADS;
    let column = min(unit, HIDDEN - 1u);
    for (var q = 0u; q < QUADS; q++) {
      var h = vec4f(0.0);
      var c = vec4f(0.0);
      let first = first_row + q * 4u;
      let inside = rows_inside(first);
      for (var r = 0u; r < inside; r++) {
        h[r] = first_state(0u, first + r, begin, column);
        if (STATES == 2u) { c[r] = first_state(1u, first + r, begin, column); }
      }
      if (STATES == 2u) { cell[n * QUADS + q] = c; }
      if (unit < HIDDEN) { shared_rows[base + unit * QUADS + q] = h; }
    }
  }
  workgroupBarrier(); // @without(scratch)
  // @with(scratch) storageBarrier();

  var current = base;
  for (var t = begin; t < end; t++) {
    if (HAS_MASK == 1u && (t < counting.x || t >= counting.y)) {
      if (HAS_HIDDEN == 1u || HAS_SAVED == 1u) {
        for (var n = 0u; n < UNITS; n++) {
          let unit = lane + n * THREADS;
          for (var q = 0u; q < QUADS; q++) {
            let h = shared_rows[current + min(unit, HIDDEN - 1u) * QUADS + q];
            var c = vec4f(0.0);
            if (STATES == 2u) { c = cell[n * QUADS + q]; }
            let first = first_row + q * 4u;
            let inside = select(0u, rows_inside(first), unit < HIDDEN);
            for (var r = 0u; r < inside; r++) {
              let step = row_of(first + r) * params.steps + t;
              if (HAS_HIDDEN == 1u) { hidden[step * HIDDEN + unit] = h[r]; }
              if (HAS_SAVED == 1u) { saved[(step * 5u + 4u) * HIDDEN + unit] = cell_memory(h[r], c[r]); }
            }
          }
        }
      }
      continue;
    }
    let next = select(base, 2u * base + SPAN - current, BUFFERS == 2u);
    var columns: array<u32, UNITS>;
    var weights: array<vec4f, WEIGHTS>;
    var sum: array<vec4f, SUMS>;
    // @unroll
    for (var n = 0u; n < UNITS; n++) {
      columns[n] = min(lane + n * THREADS, HIDDEN - 1u);
    }
    // @unroll
    for (var index = 0u; index < SUMS; index++) {
      sum[index] = vec4f(0.0);
    }
    for (var k = 0u; k < PADDED; k += STEP) {
      // @with(subgroups) var own: array<vec4f, QUADS>;
      // @with(subgroups) // @unroll
      // @with(subgroups) for (var q = 0u; q < QUADS; q++) {
      // @with(subgroups)   own[q] = shared_rows[current + (k + sublane) * QUADS + q];
      // @with(subgroups) }
      // @unroll
      for (var s = 0u; s < STEP_QUADS; s++) {
        // @unroll
        for (var n = 0u; n < UNITS; n++) {
          let w = (k + s * 4u) * HIDDEN + columns[n];
          weights[n * 4u] = packed[w];
          weights[n * 4u + 1u] = packed[w + HIDDEN];
          weights[n * 4u + 2u] = packed[w + 2u * HIDDEN];
          weights[n * 4u + 3u] = packed[w + 3u * HIDDEN];
        }
        // @unroll
        for (var q = 0u; q < QUADS; q++) {
          let slot = current + (k + s * 4u) * QUADS + q; // @without(subgroups)
          let h0 = shared_rows[slot]; // @without(subgroups)
          let h1 = shared_rows[slot + QUADS]; // @without(subgroups)
          let h2 = shared_rows[slot + 2u * QUADS]; // @without(subgroups)
          let h3 = shared_rows[slot + 3u * QUADS]; // @without(subgroups)
          // @with(subgroups) let h0 = subgroupBroadcast(own[q], s * 4u);
          // @with(subgroups) let h1 = subgroupBroadcast(own[q], s * 4u + 1u);
          // @with(subgroups) let h2 = subgroupBroadcast(own[q], s * 4u + 2u);
          // @with(subgroups) let h3 = subgroupBroadcast(own[q], s * 4u + 3u);
          // @unroll
          for (var n = 0u; n < UNITS; n++) {
            // @unroll
            for (var gate = 0u; gate < GATES; gate++) {
              let u0 = weights[n * 4u][gate];
              let u1 = weights[n * 4u + 1u][gate];
              let u2 = weights[n * 4u + 2u][gate];
              let u3 = weights[n * 4u + 3u][gate];
              sum[gate * CELLS + n * QUADS + q] += h0 * u0 + h1 * u1 + h2 * u2 + h3 * u3;
            }
          }
        }
      }
    }
    // The same sums where loops that are not unrolled may index them.
    var total: array<vec4f, SUMS>;
    // @unroll
    for (var index = 0u; index < SUMS; index++) {
      total[index] = sum[index];
    }

    // @unroll(unrolled_rows)
    for (var n = 0u; n < UNITS; n++) {
      let unit = lane + n * THREADS;
      let column = min(unit, HIDDEN - 1u);
      var bias = vec4f(0.0);
      if (HAS_BIAS == 1u) { bias = packed[PADDED * HIDDEN + column]; }
      // @unroll(unrolled_rows)
      for (var q = 0u; q < QUADS; q++) {
        var h_quad = shared_rows[current + column * QUADS + q];
        var c_quad = vec4f(0.0);
        if (STATES == 2u) { c_quad = cell[n * QUADS + q]; }
        let first = first_row + q * 4u;
        let inside = rows_inside(first);
        for (var r = 0u; r < inside; r++) {
          let step = row_of(first + r) * params.steps + t;
          let source = x_offset(step) + column;
          var given = vec4f(0.0);
          var u = vec4f(0.0);
          // @unroll
          for (var gate = 0u; gate < GATES; gate++) {
            given[gate] = x[source + gate * HIDDEN];
            u[gate] = total[gate * CELLS + n * QUADS + q][r];
          }
          if (HAS_BIAS == 1u) { u += bias; }
          let before = h_quad[r];
          let stepped = cell_step(given, u, before, c_quad[r], column);
          var h = stepped.h;
          var c = stepped.c;
          if (HAS_MASK == 1u) {
            let kept = is_kept(step);
            c = select(c_quad[r], c, kept);
            h = select(before, h, kept);
          }
          let is_own = t >= start_of(first + r);
          if (PADDING == 1u && !is_own) {
            // Not begun yet: the state is the padding's.
            h = padding_states[t * STATES * HIDDEN + column];
            if (STATES == 2u) { c = padding_states[(t * STATES + 1u) * HIDDEN + column]; }
          }
          if (STATES == 2u) { c_quad[r] = c; }
          h_quad[r] = h;
          if (unit < HIDDEN && is_own) {
            if (HAS_HIDDEN == 1u) { hidden[step * HIDDEN + unit] = h; }
            if (HAS_SAVED == 1u) {
              let at = step * (5u * HIDDEN) + unit;
              saved[at] = stepped.parts.x;
              saved[at + HIDDEN] = stepped.parts.y;
              saved[at + 2u * HIDDEN] = stepped.parts.z;
              saved[at + 3u * HIDDEN] = stepped.parts.w;
              saved[at + 4u * HIDDEN] = cell_memory(before, c);
            }
            if (PADDING == 2u) {
              last[t * STATES * HIDDEN + unit] = h;
              if (STATES == 2u) { last[(t * STATES + 1u) * HIDDEN + unit] = c; }
            }
          }
        }
        if (STATES == 2u) { cell[n * QUADS + q] = c_quad; }
        if (BUFFERS == 2u) {
          if (unit < HIDDEN) { shared_rows[next + unit * QUADS + q] = h_quad; }
        } else {
          next_h[n * QUADS + q] = h_quad;
        }
      }
    }
    if (BUFFERS == 1u) {
      workgroupBarrier(); // @without(scratch)
      // @with(scratch) storageBarrier();
      for (var n = 0u; n < UNITS; n++) {
        let unit = lane + n * THREADS;
        if (unit < HIDDEN) {
          for (var q = 0u; q < QUADS; q++) {
            shared_rows[base + unit * QUADS + q] = next_h[n * QUADS + q];
          }
        }
      }
    }
    workgroupBarrier(); // @without(scratch)
    // @with(scratch) storageBarrier();
    current = next;
  }

  if (PADDING == 2u) {
    return;
  }
  for (var n = 0u; n < UNITS; n++) {
    let unit = lane + n * THREADS;
    for (var q = 0u; q < QUADS; q++) {
      let h = shared_rows[current + min(unit, HIDDEN - 1u) * QUADS + q];
      var c = vec4f(0.0);
      if (STATES == 2u) { c = cell[n * QUADS + q]; }
      let first = first_row + q * 4u;
      let inside = select(0u, rows_inside(first), unit < HIDDEN);
      for (var r = 0u; r < inside; r++) {
        let at = row_of(first + r) * HIDDEN + unit;
        last[at] = h[r];
        if (STATES == 2u) { last[at + params.batch * HIDDEN] = c[r]; }
      }
    }
  }
}
