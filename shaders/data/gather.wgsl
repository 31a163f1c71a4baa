// Rows of a table by id: out[i, :] = table[ids[i], :].
//
// @binding(1) table : 4-byte elements [rows, width] (read)   as vec4 where width is a multiple of 4 (Element)
// @binding(2) ids   : i32[count] (read)
// @binding(3) out   : 4-byte elements [count, width] (read_write)
//
// Workgroups: one invocation per Element of out, folded over x and y. Bits are copied as u32, so any 4-byte dtype
// passes exactly. An id outside the table gives zeros: the host checks ids before they come here.

const WORKGROUP = 64u;
alias Element = u32; // or vec4u

struct Params {
  count: u32,
  rows: u32,
  width: u32, // in Elements
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<Element>;
@group(0) @binding(2) var<storage, read> ids: array<i32>;
@group(0) @binding(3) var<storage, read_write> out: array<Element>;

@compute @workgroup_size(WORKGROUP)
fn gather(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let index = (workgroup.x + workgroup.y * count.x) * WORKGROUP + local.x;
  if (index >= params.count * params.width) {
    return;
  }
  let id = ids[index / params.width];
  var value = Element();
  if (id >= 0 && u32(id) < params.rows) {
    value = table[u32(id) * params.width + index % params.width];
  }
  out[index] = value;
}
