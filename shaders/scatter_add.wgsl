// Sums rows by id, the second half of a deterministic scatter-add: out[v, :] = Σ updates[order[p], :] over the positions p with
// sorted[p] = v, and 0 where there are none. `sorted` and `order` come from sort_ids.wgsl; ids outside 0 … V - 1 add nothing.
//
// Sorted positions are cut into blocks of BLOCK, so that one very frequent id (padding) is shared work like any other. A
// segment is a run of one id. scatter_blocks sums every block's segments: complete ones go to out, one that came in from the
// left goes to heads[block], one that starts here and goes on to the right goes to tails[block]. scatter_join then adds up, for each
// tail, the heads to its right.
//
// scatter_zero   @binding(1) out : f32[V, D] (write)
// scatter_blocks @binding(1) out : f32[V, D] (write)       @binding(2) sorted : i32[N] (read)   @binding(3) order : i32[N] (read)
//                @binding(4) updates : f32[N, D] (read)    @binding(5) heads  : f32[blocks, D] (write)
//                @binding(6) tails   : f32[blocks, D] (write)
// scatter_join   @binding(1) out : f32[V, D] (write)       @binding(2) sorted : i32[N] (read)
//                @binding(3) heads : f32[blocks, D] (read) @binding(4) tails  : f32[blocks, D] (read)
//
// Workgroup: 64 invocations. scatter_zero: one element each. The others: one column of a block each, blocks * ceil(D / 64)
// workgroups from params.first on. All grids folded over x and y.
// Numerics: float32, summed in ascending position within a block, then block by block: the same bits every time.

struct Params {
  size: u32,
  columns: u32,
  rows: u32,
  blocks: u32,
  first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> sorted: array<i32>;
@group(0) @binding(3) var<storage, read> order: array<i32>;
@group(0) @binding(4) var<storage, read> updates: array<f32>;
@group(0) @binding(5) var<storage, read_write> heads: array<f32>;
@group(0) @binding(6) var<storage, read_write> tails: array<f32>;
@group(0) @binding(3) var<storage, read> heads_in: array<f32>;
@group(0) @binding(4) var<storage, read> tails_in: array<f32>;

const THREADS = 64u;
const BLOCK = 64u;

// Writes a complete segment's sum, unless its id is outside the table.
fn write_row(id: i32, column: u32, sum: f32) {
  if (id >= 0 && u32(id) < params.rows) { out[u32(id) * params.columns + column] = sum; }
}

// Whether the segment of `id` has positions at `position`.
fn is_in_segment(position: u32, id: i32) -> bool {
  return position < params.size && sorted[min(position, params.size - 1u)] == id;
}

@compute @workgroup_size(THREADS)
fn scatter_zero(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * THREADS + lane;
  if (index < params.rows * params.columns) { out[index] = 0.0; }
}

@compute @workgroup_size(THREADS)
fn scatter_blocks(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tiles = (params.columns + THREADS - 1u) / THREADS;
  let index = params.first + group.x + group.y * groups.x;
  let block = index / tiles;
  let column = index % tiles * THREADS + lane;
  if (block >= params.blocks || column >= params.columns) {
    return;
  }
  let start = block * BLOCK;
  let end = min(start + BLOCK, params.size);
  var id = sorted[start];
  var is_head = start > 0u && is_in_segment(start - 1u, id);
  var sum = 0.0;
  for (var position = start; position < end; position++) {
    let here = sorted[position];
    if (here != id) {
      if (is_head) {
        heads[block * params.columns + column] = sum;
      } else {
        write_row(id, column, sum);
      }
      id = here;
      is_head = false;
      sum = 0.0;
    }
    sum += updates[u32(order[position]) * params.columns + column];
  }
  if (is_head) {
    heads[block * params.columns + column] = sum;
  } else if (is_in_segment(end, id)) {
    tails[block * params.columns + column] = sum;
  } else {
    write_row(id, column, sum);
  }
}

@compute @workgroup_size(THREADS)
fn scatter_join(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tiles = (params.columns + THREADS - 1u) / THREADS;
  let index = params.first + group.x + group.y * groups.x;
  var block = index / tiles;
  let column = index % tiles * THREADS + lane;
  if (block >= params.blocks || column >= params.columns) {
    return;
  }
  let start = block * BLOCK;
  var end = min(start + BLOCK, params.size);
  let id = sorted[end - 1u];
  let starts_here = start == 0u || !is_in_segment(start - 1u, id);
  if (!starts_here || !is_in_segment(end, id)) {
    return;
  }
  var sum = tails_in[block * params.columns + column];
  while (is_in_segment(end, id)) {
    block++;
    end = min(end + BLOCK, params.size);
    sum += heads_in[block * params.columns + column];
  }
  write_row(id, column, sum);
}
