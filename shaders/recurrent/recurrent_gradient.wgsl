// The gradient of a recurrent kernel over the steps that were really run:
//
//   out[m, n] = Σ_b Σ_t h[b, t - 1, m] * dZ[b, t, n],   t from the start of row b to its end
//
// It is the product hᵀ · dZ without the steps at the ends of rows that a mask leaves out (MASKED = 1, by the schedule
// of mask_schedule.wgsl), or that the padding's own row stands for (MASKED = 0, by that of padding.wgsl: row B runs
// from 0 to the last start, all others from their start to T, and h before a row's start is that of row B). h before
// step 0 is `initial`, or 0.
//
// @binding(1) hidden   : f32[B or B + 1, T, M] (read; as vec4 when VECTOR)
// @binding(2) d_z      : f32[B or B + 1, T, N] (read as vec4: N is a multiple of 4)
// @binding(3) schedule : i32[2, B], or i32[3 B + B T] (read)
// @binding(4) initial  : f32[S, B, M], h first (read, as hidden; may be absent)
// @binding(5) parts    : f32[splits, M, N], what recurrent_gradient wrote (combine: read, as vec4)
// @binding(6) out      : f32[splits, M, N]; by combine f32[M, N] (write, as vec4)
//
// An invocation holds 4 · QUADS rows of 4 · COLUMNS columns. Workgroup: THREADS invocations along N; x tiles of N, y
// tiles of M, z splits from params.first on: split s takes the slots s, s + splits, … of the schedule, and row B has
// the slot after the last.
// With subgroups of QUADS lanes each lane loads four rows, and the others get them by broadcast (see
// sweep_forward.wgsl).
// Numerics: float32; one fixed order: slots, then steps, then splits.

// @with(subgroups) enable subgroups;

struct Params {
  batch: u32,
  steps: u32,
  M: u32,
  columns: u32, // N / 4
  splits: u32,
  first: u32,
}

alias ElementH = f32;
const VECTOR = false;
const QUADS = 4u;
const COLUMNS = 2u;
const THREADS = 8u;
const MASKED = 0u;
const HAS_INITIAL = 0u;

const SUMS = QUADS * 4u * COLUMNS;
const STEP_COLUMNS = COLUMNS * 4u;
const STEP_QUADS = QUADS * 4u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> hidden: array<ElementH>;
@group(0) @binding(2) var<storage, read> d_z: array<vec4f>;
@group(0) @binding(3) var<storage, read> schedule: array<i32>;
@group(0) @binding(4) var<storage, read> initial: array<ElementH>;
@group(0) @binding(5) var<storage, read> parts: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>;

// Four neighbours of h before a step, from `row` on; past M they repeat, and their products are not stored.
fn hidden_quad(base: u32, row: u32) -> vec4f {
  let last = params.M - 1u;
  if (VECTOR) {
    return vec4f(hidden[(base + min(row, last)) / 4u]);
  }
  return vec4f(
    vec4f(hidden[base + min(row, last)]).x,
    vec4f(hidden[base + min(row + 1u, last)]).x,
    vec4f(hidden[base + min(row + 2u, last)]).x,
    vec4f(hidden[base + min(row + 3u, last)]).x,
  );
}

// The same of the first h.
fn initial_quad(base: u32, row: u32) -> vec4f {
  let last = params.M - 1u;
  if (VECTOR) {
    return vec4f(initial[(base + min(row, last)) / 4u]);
  }
  return vec4f(
    vec4f(initial[base + min(row, last)]).x,
    vec4f(initial[base + min(row + 1u, last)]).x,
    vec4f(initial[base + min(row + 2u, last)]).x,
    vec4f(initial[base + min(row + 3u, last)]).x,
  );
}

// h of `row` before `step` from `m` on, or zeros where the step does not count.
fn before(row: u32, step: u32, start: u32, counts: bool, m: u32) -> vec4f {
  if (HAS_INITIAL == 1u && step == 0u && counts) {
    return initial_quad(row * params.M, m);
  }
  let source = select(row, params.batch, MASKED == 0u && step == start);
  let base = (source * params.steps + max(step, 1u) - 1u) * params.M;
  return select(vec4f(), hidden_quad(base, m), counts && step > 0u);
}

@compute @workgroup_size(THREADS)
fn recurrent_gradient(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
  // @with(subgroups) @builtin(subgroup_invocation_id) sublane: u32,
) {
  let first_row = group.y * (4u * QUADS);
  let first_column = (group.x * THREADS + lane) * COLUMNS;
  let split = group.z + params.first;
  let slots = params.batch + select(1u, 0u, MASKED == 1u);
  var sum: array<vec4f, SUMS>;
  for (var slot = split; slot < slots; slot += params.splits) {
    var row = params.batch;
    var start = 0u;
    var end = 0u;
    if (slot == params.batch) {
      end = u32(schedule[2u * params.batch - 1u]);
    } else {
      row = u32(schedule[slot]);
      start = u32(schedule[params.batch + slot]);
      end = params.steps;
      if (MASKED == 1u) { end = u32(schedule[2u * params.batch + slot]); }
    }
    for (var t = start; t < end; t += 4u) {
      var dz: array<vec4f, STEP_COLUMNS>;
      var h: array<vec4f, STEP_QUADS>;
      // @unroll
      for (var s = 0u; s < 4u; s++) {
        let step = min(t + s, end - 1u);
        let source = (row * params.steps + step) * params.columns;
        let counts = t + s < end;
        // @with(subgroups) let own = before(row, step, start, counts, first_row + 4u * sublane);
        // @unroll
        for (var q = 0u; q < QUADS; q++) {
          // @with(subgroups) h[s * QUADS + q] = subgroupBroadcast(own, q);
          h[s * QUADS + q] = before(row, step, start, counts, first_row + 4u * q); // @without(subgroups)
        }
        // @unroll
        for (var c = 0u; c < COLUMNS; c++) {
          dz[s * COLUMNS + c] = d_z[source + min(first_column + c, params.columns - 1u)];
        }
      }
      // @unroll
      for (var q = 0u; q < QUADS; q++) {
        // @unroll
        for (var c = 0u; c < COLUMNS; c++) {
          // @unroll
          for (var r = 0u; r < 4u; r++) {
            sum[(q * 4u + r) * COLUMNS + c] += h[q][r] * dz[c] + h[QUADS + q][r] * dz[COLUMNS + c]
              + h[2u * QUADS + q][r] * dz[2u * COLUMNS + c] + h[3u * QUADS + q][r] * dz[3u * COLUMNS + c];
          }
        }
      }
    }
  }
  // not unrolled: stores are slow to compile on software adapters
  for (var r = 0u; r < min(4u * QUADS, params.M - first_row); r++) {
    // @unroll
    for (var c = 0u; c < COLUMNS; c++) {
      var value = vec4f();
      // @unroll
      for (var i = 0u; i < STEP_QUADS; i++) {
        value = select(value, sum[i * COLUMNS + c], r == i);
      }
      if (first_column + c < params.columns) {
        out[(split * params.M + first_row + r) * params.columns + first_column + c] = value;
      }
    }
  }
}

@compute @workgroup_size(64)
fn combine(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  let size = params.M * params.columns;
  if (index >= size) {
    return;
  }
  var value = vec4f();
  for (var split = 0u; split < params.splits; split++) {
    value += parts[split * size + index];
  }
  out[index] = value;
}
