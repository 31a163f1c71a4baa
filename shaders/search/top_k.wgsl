// The k largest numbers of each row of x : f32[Q, N], equal ones by their place, in three steps that do the same work
// for any numbers:
//
//   leaders  the largest of each group of `group` neighbours
//   select   the k groups with the largest leaders: whatever is among the k largest is in one of them, because else k
//            leaders would be larger (or equal and before it)
//   select   the k largest of those groups' members (IS_GROUPED)
//
// Where groups save nothing, select takes all of a row at once. select is a radix select, 8 bits a pass from the
// highest (Alabi et al. 2012, "Fast k-selection algorithms for graphics processing units"): count the digits of what
// agrees so far, keep the digit in which the k-th lies. Counts are integers, so the result does not depend on the order
// of the atomics.
//
// leaders  @binding(1) x : f32[Q, N] (read)   @binding(2) largest : f32[Q, groups] (write)
// select   @binding(1) x : f32[Q, N] (read)   @binding(2) groups : i32[Q, k] (read where IS_GROUPED)
//          @binding(3) values : f32[Q, k], @binding(4) indices : i32[Q, k] (write), in the order of the indices
//
// Workgroups of 256 invocations. leaders: one invocation per group, folded over x and y; select: one workgroup per row,
// folded.
// Numerics: no arithmetic; numbers are compared as integers of the same order, -0 as 0.

const IS_GROUPED = false;
const WORKGROUP = 256u; // also the number of digits
const PASSES = 4u;
const DIGIT_BITS = 8u;

struct Params {
  rows: u32, // Q
  size: u32, // N
  k: u32,
  items: u32, // of a row that select looks at: N, or k * group
  group: u32, // neighbours of a group
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> largest: array<f32>;
@group(0) @binding(2) var<storage, read> groups: array<i32>;
@group(0) @binding(3) var<storage, read_write> values: array<f32>;
@group(0) @binding(4) var<storage, read_write> indices: array<i32>;

@compute @workgroup_size(WORKGROUP)
fn leaders(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let item = (workgroup.x + workgroup.y * grid.x) * WORKGROUP + local;
  let count = (params.size + params.group - 1u) / params.group;
  if (item >= params.rows * count) {
    return;
  }
  let row = item / count;
  let first = item % count * params.group;
  let end = min(first + params.group, params.size);
  var best = x[row * params.size + first];
  for (var i = first + 1u; i < end; i++) {
    best = max(best, x[row * params.size + i]);
  }
  largest[item] = best;
}

var<workgroup> digits: array<atomic<u32>, WORKGROUP>;
var<workgroup> sums: array<vec2u, WORKGROUP>;
var<workgroup> prefix: u32; // the k-th key, as far as it is known
var<workgroup> wanted: u32; // how many of the keys that agree with it belong to the k

// Place of item i in its row; N where there is none.
fn indexOf(row: u32, i: u32) -> u32 {
  if (IS_GROUPED) {
    return min(u32(groups[row * params.k + i / params.group]) * params.group + i % params.group, params.size);
  }
  return i;
}

// An integer of the number's order; below all others where there is none.
fn keyOf(row: u32, index: u32) -> u32 {
  if (index >= params.size) {
    return 0u;
  }
  var bits = bitcast<u32>(x[row * params.size + index]);
  if (bits == 0x80000000u) {
    bits = 0u;
  }
  return bits ^ select(0x80000000u, 0xffffffffu, bits >> 31u == 1u);
}

// Sums of all invocations' values up to and with one's own (Hillis and Steele).
fn sumsUpTo(local: u32, value: vec2u) -> vec2u {
  var sum = value;
  sums[local] = sum;
  workgroupBarrier();
  for (var distance = 1u; distance < WORKGROUP; distance *= 2u) {
    if (local >= distance) {
      sum += sums[local - distance];
    }
    workgroupBarrier();
    sums[local] = sum;
    workgroupBarrier();
  }
  return sum;
}

@compute @workgroup_size(WORKGROUP)
fn select_largest(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let row = workgroup.x + workgroup.y * grid.x;
  if (row >= params.rows) {
    return;
  }
  // Each invocation has neighbours, so that places stay in order.
  let share = (params.items + WORKGROUP - 1u) / WORKGROUP;
  let begin = min(local * share, params.items);
  let end = min(begin + share, params.items);
  if (local == 0u) {
    prefix = 0u;
    wanted = params.k;
  }
  var known = 0u; // bits of the prefix that are decided
  for (var turn = 0u; turn < PASSES; turn++) {
    let shift = (PASSES - 1u - turn) * DIGIT_BITS;
    atomicStore(&digits[local], 0u);
    workgroupBarrier();
    for (var i = begin; i < end; i++) {
      let key = keyOf(row, indexOf(row, i));
      if ((key & known) == prefix) {
        atomicAdd(&digits[(key >> shift) & 0xffu], 1u);
      }
    }
    workgroupBarrier();
    // Invocation d looks at the d-th digit from the largest down.
    let digit = WORKGROUP - 1u - local;
    let own = atomicLoad(&digits[digit]);
    let upTo = sumsUpTo(local, vec2u(own, 0u)).x;
    let need = wanted;
    workgroupBarrier();
    if (upTo >= need && upTo - own < need) {
      prefix |= digit << shift;
      wanted = need - (upTo - own);
    }
    known |= 0xffu << shift;
    workgroupBarrier();
  }
  // x: keys above the k-th; y: keys equal to it.
  var counts = vec2u();
  for (var i = begin; i < end; i++) {
    let key = keyOf(row, indexOf(row, i));
    counts += vec2u(u32(key > prefix), u32(key == prefix));
  }
  var before = sumsUpTo(local, counts) - counts;
  for (var i = begin; i < end; i++) {
    let index = indexOf(row, i);
    let key = keyOf(row, index);
    let isTaken = key > prefix || (key == prefix && before.y < wanted);
    if (isTaken && index < params.size) {
      let place = row * params.k + before.x + min(before.y, wanted);
      values[place] = x[row * params.size + index];
      indices[place] = i32(index);
    }
    before += vec2u(u32(key > prefix), u32(key == prefix));
  }
}
