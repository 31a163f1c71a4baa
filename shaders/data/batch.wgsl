// One batch of a data set that lives on the GPU: row r of the batch is item permutation[position + r]; rows past the
// end of the permutation repeat its last.
//
// sequences: ragged int32 sequences, padded to [batch, T]; one longer than T keeps its last T.
//   @binding(1) ids         : i32[total] (read)
//   @binding(2) offsets     : i32[items + 1] (read)    item n is ids[offsets[n]] … ids[offsets[n + 1] - 1]
//   @binding(3) permutation : i32[length] (read)
//   @binding(4) position    : i32[] (read)
//   @binding(5) out         : i32[batch, T] (read_write)
// rows: rows of a dense table, bits copied as u32.
//   @binding(1) table       : 4-byte elements [items, width] (read)
//   @binding(3) permutation, @binding(4) position, as above
//   @binding(5) rows_out    : 4-byte elements [batch, width] (read_write)
//
// Workgroups: one invocation per element of the output, folded over x and y. Exact.

const WORKGROUP = 64u;
const PADDING_PRE = true;

struct Params {
  batch: u32,
  width: u32, // T, or the elements of a row
  items: u32,
  length: u32, // of the permutation
  pad_value: i32,
}

@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read> offsets: array<i32>;
@group(0) @binding(3) var<storage, read> permutation: array<i32>;
@group(0) @binding(4) var<storage, read> position: array<i32>;
@group(0) @binding(5) var<storage, read_write> out: array<i32>;

@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(5) var<storage, read_write> rows_out: array<u32>;

// Where in the permutation row `row` of the batch is.
fn slotOf(first: i32, row: u32) -> u32 {
  return min(u32(max(first, 0)) + row, params.length - 1u);
}

fn itemOf(id: i32) -> u32 {
  return min(u32(max(id, 0)), params.items - 1u);
}

@compute @workgroup_size(WORKGROUP)
fn sequences(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let index = (workgroup.x + workgroup.y * count.x) * WORKGROUP + local.x;
  if (index >= params.batch * params.width) {
    return;
  }
  let item = itemOf(permutation[slotOf(position[0], index / params.width)]);
  let end = u32(offsets[item + 1u]);
  let size = min(end - u32(offsets[item]), params.width);
  var t = index % params.width;
  var is_inside = t < size;
  if (PADDING_PRE) {
    let padding = params.width - size;
    is_inside = t >= padding;
    t -= min(t, padding);
  }
  var value = params.pad_value;
  if (is_inside) {
    value = ids[end - size + t];
  }
  out[index] = value;
}

@compute @workgroup_size(WORKGROUP)
fn rows(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let index = (workgroup.x + workgroup.y * count.x) * WORKGROUP + local.x;
  if (index >= params.batch * params.width) {
    return;
  }
  let item = itemOf(permutation[slotOf(position[0], index / params.width)]);
  rows_out[index] = table[item * params.width + index % params.width];
}
