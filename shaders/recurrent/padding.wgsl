// The schedule of a batch whose rows begin with the same padding (see PADDING in sweep_forward.wgsl). With start[b] the
// number of leading ids of row b that are PAD (at most T - 1, so that every row has a step of its own):
//
//   schedule = the rows in the order of their starts (of equal starts the lower row first), then those starts
//   own_ids[b, t] = ids[b, t] from start[b] on, and -1 before; row B, the padding's own, is PAD before the last start,
//   -1 after
//
// With SHARE = 0 every row starts at step 0, and row B has no step.
//
// @binding(1) ids      : i32[B, T] (read)
// @binding(2) schedule : i32[2, B] (write)
// @binding(3) own_ids  : i32[B + 1, T] (write)
//
// Workgroup: one of 256 invocations; B at most MOST.

struct Params {
  batch: u32,
  steps: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read_write> schedule: array<i32>;
@group(0) @binding(3) var<storage, read_write> own_ids: array<i32>;

const THREADS = 256u;
const MOST = 2048u;
const SHARE = 1u;
const PAD = 0i;

var<workgroup> starts: array<u32, MOST>;

@compute @workgroup_size(THREADS)
fn padding_schedule(@builtin(local_invocation_index) lane: u32) {
  for (var row = lane; row < params.batch; row += THREADS) {
    var start = 0u;
    while (SHARE == 1u && start + 1u < params.steps && ids[row * params.steps + start] == PAD) {
      start++;
    }
    starts[row] = start;
  }
  workgroupBarrier();
  for (var row = lane; row < params.batch; row += THREADS) {
    let start = starts[row];
    var rank = 0u;
    for (var other = 0u; other < params.batch; other++) {
      let before = starts[other];
      rank += select(0u, 1u, before < start || (before == start && other < row));
    }
    schedule[rank] = i32(row);
    schedule[params.batch + rank] = i32(start);
  }
  var longest = 0u;
  for (var row = 0u; row < params.batch; row++) {
    longest = max(longest, starts[row]);
  }
  for (var t = lane; t < params.steps; t += THREADS) {
    for (var row = 0u; row < params.batch; row++) {
      let at = row * params.steps + t;
      own_ids[at] = select(-1, ids[at], t >= starts[row]);
    }
    own_ids[params.batch * params.steps + t] = select(-1, PAD, t < longest);
  }
}
