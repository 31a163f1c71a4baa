// The forward sweep of a simple recurrent layer (Elman 1990; https://keras.io/api/layers/recurrent_layers/simple_rnn/),
// with the loop over time inside the kernel. Per batch row:
//
//   h[t] = activation(x[b, t] + h[t-1] · U)          (x already holds the input's product with its kernel, and the
//   bias)
//
// Where a mask is 0 at (b, t), h stays as it is and hidden[b, t] repeats it. The mask comes with a schedule
// (mask_schedule.wgsl): rows are taken longest first, so that those of a workgroup skip what they all leave out at
// their ends.
// It is no cell of sweep_forward.wgsl: a vector of its packed weights holds four k of one gate, not one k of four
// gates.
// As such a cell, in the layout that suited it best, it took 2.2 times as long (medians of 30 alternations at B 64, T
// 100, H 100 on lavapipe).
//
// A buffer marked ? may be absent.
// @binding(1) x         : f32[B, T, H]; with ids f32[V, H], whose row x[ids[b, t]] is that of (b, t) (read)
// @binding(2) ids     ? : i32[B, T] (read; clamped into the table)
// @binding(3) packed    : vec4f[(H rounded up to STEP) / 4, H], four k of one unit to a vector, from
// recurrent_pack.wgsl
//                         (read)
// @binding(4) initial ? : f32[1, B, H] (read)
// @binding(5) mask    ? : i32[3 B + B T], from mask_schedule.wgsl (read)
// @binding(6) schedule  : always absent (for sweep_common.wgsl: rows do not share their padding)
// @binding(7) hidden  ? : f32[B, T, H] (write)
// @binding(8) last      : f32[1, B, H]; also carries h from one chunk of time to the next (read, write)
//
// Workgroup: ROWS batch rows; THREADS invocations, each owning UNITS hidden units of every row (unit = lane + n *
// THREADS).
// ceil(B / ROWS) workgroups, folded over x and y. One dispatch goes over the steps params.start … params.end - 1.
// Four rows share a vec4, so that a thread only ever writes whole vectors of workgroup memory: it holds h as
// [unit][quad of rows], once (BUFFERS = 1, two barriers per step) or twice (BUFFERS = 2, one barrier per step).
// With subgroups of STEP lanes (lines marked @with(subgroups)) each lane loads h of one k, and the others get it by
// broadcast; on SwiftShader shared_rows lies in a buffer (lines marked @with(scratch)): see sweep_forward.wgsl.
// Numerics: float32 throughout; one fixed order of summation (k ascending, then x), so chunks and runs agree bit for
// bit.

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
@group(0) @binding(5) var<storage, read> mask: array<i32>;
@group(0) @binding(6) var<storage, read> schedule: array<i32>;
@group(0) @binding(7) var<storage, read_write> hidden: array<f32>;
@group(0) @binding(8) var<storage, read_write> last: array<f32>;

const HIDDEN = 100u;
const THREADS = 104u;
const UNITS = 1u;
const ROWS = 16u;
const BUFFERS = 2u;
const STEP_QUADS = 1u; // k per step of the inner loop, in fours; with subgroups as many as they have lanes
const HAS_IDS = 0u;
const HAS_INITIAL = 0u;
const HAS_MASK = 0u;
const PADDING = 0u; // every row reads its own
const HAS_HIDDEN = 1u;
const ACTIVATION = 1u;

const QUADS = ROWS / 4u;
const CELLS = UNITS * QUADS;
const STEP = STEP_QUADS * 4u;
const PADDED = (HIDDEN + STEP - 1u) / STEP * STEP;
const SPAN = PADDED * QUADS;

// h of the workgroup's rows: [BUFFERS][PADDED][QUADS], four rows to a vector.
var<workgroup> shared_rows: array<vec4f, BUFFERS * SPAN>; // @without(scratch)
// the same for each workgroup
// @with(scratch) @group(0) @binding(9) var<storage, read_write> shared_rows: array<vec4f>;

// Where in x the row of batch row b and step t starts.
fn x_offset(step: u32) -> u32 {
  if (HAS_IDS == 1u) {
    return u32(clamp(ids[step], 0, i32(params.table_rows) - 1)) * HIDDEN;
  }
  return step * HIDDEN;
}

@compute @workgroup_size(THREADS)
fn simple_rnn_forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  // @with(subgroups) @builtin(subgroup_invocation_id) sublane: u32,
) {
  let first_row = (group.x + group.y * groups.x) * ROWS;
  let counting = kept_steps(first_row, params.start, params.end);
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
    for (var q = 0u; q < QUADS; q++) {
      var h = vec4f(0.0);
      let first = first_row + q * 4u;
      let inside = rows_inside(first);
      for (var r = 0u; r < inside; r++) {
        let at = row_of(first + r) * HIDDEN + min(unit, HIDDEN - 1u);
        if (params.start > 0u) {
          h[r] = last[at];
        } else if (HAS_INITIAL == 1u) {
          h[r] = initial[at];
        }
      }
      if (unit < HIDDEN) { shared_rows[base + unit * QUADS + q] = h; }
    }
  }
  workgroupBarrier(); // @without(scratch)
  // @with(scratch) storageBarrier();

  var current = base;
  for (var t = params.start; t < params.end; t++) {
    if (HAS_MASK == 1u && (t < counting.x || t >= counting.y)) {
      if (HAS_HIDDEN == 1u) {
        for (var n = 0u; n < UNITS; n++) {
          let unit = lane + n * THREADS;
          for (var q = 0u; q < QUADS; q++) {
            let h = shared_rows[current + min(unit, HIDDEN - 1u) * QUADS + q];
            let first = first_row + q * 4u;
            let inside = select(0u, rows_inside(first), unit < HIDDEN);
            for (var r = 0u; r < inside; r++) {
              let step = row_of(first + r) * params.steps + t;
              hidden[step * HIDDEN + unit] = h[r];
            }
          }
        }
      }
      continue;
    }
    let next = select(base, 2u * base + SPAN - current, BUFFERS == 2u);
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
      // @with(subgroups)   own[q] = shared_rows[current + (k + sublane) * QUADS + q];
      // @with(subgroups) }
      // @unroll
      for (var s = 0u; s < STEP_QUADS; s++) {
        // @unroll
        for (var n = 0u; n < UNITS; n++) {
          weights[n] = packed[(k / 4u + s) * HIDDEN + columns[n]];
        }
        // @unroll
        for (var q = 0u; q < QUADS; q++) {
          let slot = current + (k + s * 4u) * QUADS + q; // @without(subgroups)
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
    var z: array<vec4f, CELLS>;
    // @unroll
    for (var cell = 0u; cell < CELLS; cell++) {
      z[cell] = sum[cell];
    }

    // @unroll(unrolled_rows)
    for (var n = 0u; n < UNITS; n++) {
      let unit = lane + n * THREADS;
      let column = min(unit, HIDDEN - 1u);
      // @unroll(unrolled_rows)
      for (var q = 0u; q < QUADS; q++) {
        var h_quad = shared_rows[current + column * QUADS + q];
        let first = first_row + q * 4u;
        let inside = rows_inside(first);
        for (var r = 0u; r < inside; r++) {
          let step = row_of(first + r) * params.steps + t;
          var h = activate(ACTIVATION, z[n * QUADS + q][r] + x[x_offset(step) + column]);
          if (HAS_MASK == 1u) { h = select(h_quad[r], h, is_kept(step)); }
          h_quad[r] = h;
          if (HAS_HIDDEN == 1u && unit < HIDDEN) { hidden[step * HIDDEN + unit] = h; }
        }
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

  for (var n = 0u; n < UNITS; n++) {
    let unit = lane + n * THREADS;
    for (var q = 0u; q < QUADS; q++) {
      let h = shared_rows[current + min(unit, HIDDEN - 1u) * QUADS + q];
      let first = first_row + q * 4u;
      let inside = select(0u, rows_inside(first), unit < HIDDEN);
      for (var r = 0u; r < inside; r++) {
        last[row_of(first + r) * HIDDEN + unit] = h[r];
      }
    }
  }
}
