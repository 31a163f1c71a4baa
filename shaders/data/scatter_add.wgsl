// Sums rows by id, the second half of a deterministic scatter-add: out[v, :] = Σ updates[order[p], :] over the
// positions p with sorted[p] = v, and 0 where there are none. `sorted` and `order` come from sort_ids.wgsl; ids outside
// 0 … V - 1 add nothing.
//
// Sorted positions are cut into blocks of BLOCK, so that one very frequent id (padding) is shared work like any other.
// A segment is a run of one id. scatter_blocks sums every block's segments: complete ones go to out, one that came in
// from the left goes to heads[block], one that starts here and goes on to the right goes to tails[block]. scatter_join
// then adds up, for each tail, the heads to its right.
//
// scatter_zero   @binding(1) out : f32[V, D] (write)
// scatter_blocks @binding(1) out : f32[V, D] (write)       @binding(2) sorted : i32[N] (read)   @binding(3) order :
// i32[N] (read)
//                @binding(4) updates : f32[N, D] (read)    @binding(5) heads  : f32[blocks, D] (write)
//                @binding(6) tails   : f32[blocks, D] (write)
// scatter_join   @binding(1) out : f32[V, D] (write)       @binding(2) sorted : i32[N] (read)
//                @binding(3) heads : f32[blocks, D] (read) @binding(4) tails  : f32[blocks, D] (read)
//
// Workgroup: 32 invocations. scatter_zero: ZEROS elements each. The others: up to four columns of a block each (column
// = lane + n * 32), so that four sums share the reading of ids and order; blocks * ceil(D / 128) workgroups from
// params.first on. All grids folded over x and y.
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

const THREADS = 32u;
const SPAN = THREADS * 4u;
const BLOCK = 64u;
// Elements that an invocation of scatter_zero clears.
const ZEROS = 16u;

// The invocation's four columns.
fn columns_of(first: u32) -> vec4u {
  return vec4u(first, first + THREADS, first + 2u * THREADS, first + 3u * THREADS);
}

fn is_row(id: i32) -> bool {
  return id >= 0 && u32(id) < params.rows;
}

// Writes a complete segment's sums, unless its id is outside the table.
fn write_row(id: i32, column: u32, sum: vec4f) {
  if (is_row(id)) {
    let at = columns_of(u32(id) * params.columns + column);
    out[at.x] = sum.x;
    if (column + THREADS < params.columns) { out[at.y] = sum.y; }
    if (column + 2u * THREADS < params.columns) { out[at.z] = sum.z; }
    if (column + 3u * THREADS < params.columns) { out[at.w] = sum.w; }
  }
}

fn write_head(block: u32, column: u32, sum: vec4f) {
  let at = columns_of(block * params.columns + column);
  heads[at.x] = sum.x;
  if (column + THREADS < params.columns) { heads[at.y] = sum.y; }
  if (column + 2u * THREADS < params.columns) { heads[at.z] = sum.z; }
  if (column + 3u * THREADS < params.columns) { heads[at.w] = sum.w; }
}

fn write_tail(block: u32, column: u32, sum: vec4f) {
  let at = columns_of(block * params.columns + column);
  tails[at.x] = sum.x;
  if (column + THREADS < params.columns) { tails[at.y] = sum.y; }
  if (column + 2u * THREADS < params.columns) { tails[at.z] = sum.z; }
  if (column + 3u * THREADS < params.columns) { tails[at.w] = sum.w; }
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
  let first = (group.x + group.y * groups.x) * THREADS * ZEROS + lane;
  for (var n = 0u; n < ZEROS; n++) {
    let index = first + n * THREADS;
    if (index < params.rows * params.columns) { out[index] = 0.0; }
  }
}

@compute @workgroup_size(THREADS)
fn scatter_blocks(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tiles = (params.columns + SPAN - 1u) / SPAN;
  let index = params.first + group.x + group.y * groups.x;
  let block = index / tiles;
  let column = index % tiles * SPAN + lane;
  if (block >= params.blocks || column >= params.columns) {
    return;
  }
  let start = block * BLOCK;
  let end = min(start + BLOCK, params.size);
  // Columns past the last read the last one, and are not written.
  let columns = min(columns_of(column), vec4u(params.columns - 1u));
  var id = sorted[start];
  // Ids outside the table come last: what follows them is of no row.
  if (!is_row(id)) {
    return;
  }
  var is_head = start > 0u && is_in_segment(start - 1u, id);
  var sum = vec4f(0.0);
  for (var position = start; position < end; position++) {
    let here = sorted[position];
    if (here != id) {
      if (is_head) {
        write_head(block, column, sum);
      } else {
        write_row(id, column, sum);
      }
      id = here;
      is_head = false;
      sum = vec4f(0.0);
      if (!is_row(id)) {
        return;
      }
    }
    let at = columns + u32(order[position]) * params.columns;
    sum += vec4f(updates[at.x], updates[at.y], updates[at.z], updates[at.w]);
  }
  if (is_head) {
    write_head(block, column, sum);
  } else if (is_in_segment(end, id)) {
    write_tail(block, column, sum);
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
  let tiles = (params.columns + SPAN - 1u) / SPAN;
  let index = params.first + group.x + group.y * groups.x;
  var block = index / tiles;
  let column = index % tiles * SPAN + lane;
  if (block >= params.blocks || column >= params.columns) {
    return;
  }
  let start = block * BLOCK;
  var end = min(start + BLOCK, params.size);
  let id = sorted[end - 1u];
  if (!is_row(id)) {
    return;
  }
  let starts_here = start == 0u || !is_in_segment(start - 1u, id);
  if (!starts_here || !is_in_segment(end, id)) {
    return;
  }
  // Columns past the last read the last one, and are not written.
  let columns = min(columns_of(column), vec4u(params.columns - 1u));
  var at = columns + block * params.columns;
  var sum = vec4f(tails_in[at.x], tails_in[at.y], tails_in[at.z], tails_in[at.w]);
  while (is_in_segment(end, id)) {
    block++;
    end = min(end + BLOCK, params.size);
    at = columns + block * params.columns;
    sum += vec4f(heads_in[at.x], heads_in[at.y], heads_in[at.z], heads_in[at.w]);
  }
  write_row(id, column, sum);
}
