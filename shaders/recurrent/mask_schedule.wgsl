// The schedule by which a sweep skips what a mask leaves out at the ends of rows: with start[b] and end[b] around the
// steps of row b from the first to the last that counts (T and 0 where none does),
//
//   schedule = rows, the longest first (of equal ones the lower first); their starts; their ends; then the mask itself
//
// @binding(1) mask     : i32[B, T], 0 or 1 (mask_rows: read)
// @binding(2) spans    : i32[2, B], starts and ends (mask_rows: write; mask_sort: read)
// @binding(3) schedule : i32[3 B + B T] (write: mask_rows the mask, mask_sort the rest)
//
// Workgroup: 64 invocations. mask_rows: one workgroup per row; mask_sort: one invocation per row; folded over x and y.

struct Params {
  batch: u32,
  steps: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> mask: array<i32>;
@group(0) @binding(2) var<storage, read_write> spans: array<i32>;
@group(0) @binding(3) var<storage, read_write> schedule: array<i32>;

const THREADS = 64u;

var<workgroup> firsts: array<u32, THREADS>;
var<workgroup> ends: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn mask_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  var first = params.steps;
  var end = 0u;
  for (var t = lane; t < params.steps && row < params.batch; t += THREADS) {
    let at = row * params.steps + t;
    let counts = mask[at];
    schedule[3u * params.batch + at] = counts;
    if (counts != 0) {
      first = min(first, t);
      end = t + 1u;
    }
  }
  firsts[lane] = first;
  ends[lane] = end;
  workgroupBarrier();
  if (lane == 0u && row < params.batch) {
    for (var other = 1u; other < THREADS; other++) {
      first = min(first, firsts[other]);
      end = max(end, ends[other]);
    }
    spans[row] = i32(first);
    spans[params.batch + row] = i32(end);
  }
}

@compute @workgroup_size(THREADS)
fn mask_sort(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * THREADS + lane;
  if (row >= params.batch) {
    return;
  }
  let start = spans[row];
  let end = spans[params.batch + row];
  var rank = 0u;
  for (var other = 0u; other < params.batch; other++) {
    let longer = spans[params.batch + other] - spans[other] - (end - start);
    rank += select(0u, 1u, longer > 0 || (longer == 0 && other < row));
  }
  schedule[rank] = i32(row);
  schedule[params.batch + rank] = start;
  schedule[2u * params.batch + rank] = end;
}
