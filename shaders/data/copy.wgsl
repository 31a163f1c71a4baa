// Copies a box of one tensor into a box of another, by strides; zeros where the box reaches outside the input.
//   y[out_offset + sum(x_d * out_stride_d)] = x[in_offset + sum((x_d - before_d) * in_stride_d)]
// Transpose, slice, concat, pad and reverse are all this kernel. Axes count from the last: axis 0 is the innermost.
//
// @binding(0) params : Params (uniform)
// @binding(1) x : u32[any] (read)   bits of float32, int32 or bool
// @binding(2) y : u32[any] (write)
// Where the innermost axis lies without gaps in both and everything counts in fours, an element is a vec4u, and all of
// `params` counts vectors: a quarter of the work.
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: bits are copied, so every dtype and every NaN comes through.

alias Element = u32;

const WORKGROUP = 64u;
// How many axes there are; the code of the others falls away.
const RANK = 6u;

struct Params {
  size : u32,
  in_offset : i32,
  out_offset : i32,
  shape0 : u32,
  shape1 : u32,
  shape2 : u32,
  shape3 : u32,
  shape4 : u32,
  shape5 : u32,
  in_stride0 : i32,
  in_stride1 : i32,
  in_stride2 : i32,
  in_stride3 : i32,
  in_stride4 : i32,
  in_stride5 : i32,
  out_stride0 : i32,
  out_stride1 : i32,
  out_stride2 : i32,
  out_stride3 : i32,
  out_stride4 : i32,
  out_stride5 : i32,
  before0 : i32,
  before1 : i32,
  before2 : i32,
  before3 : i32,
  before4 : i32,
  before5 : i32,
  inside0 : i32,
  inside1 : i32,
  inside2 : i32,
  inside3 : i32,
  inside4 : i32,
  inside5 : i32,
}

@group(0) @binding(0) var<uniform> params : Params;
@group(0) @binding(1) var<storage, read> x : array<Element>;
@group(0) @binding(2) var<storage, read_write> y : array<Element>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup : vec3u,
  @builtin(num_workgroups) grid : vec3u,
  @builtin(local_invocation_index) local : u32,
) {
  let index = (workgroup.x + workgroup.y * grid.x) * WORKGROUP + local;
  if (index >= params.size) {
    return;
  }
  var rest = index;
  var is_inside = true;
  var source = params.in_offset;
  var goal = params.out_offset;
  if (RANK > 0u) {
    let at = i32(rest % params.shape0);
    rest = rest / params.shape0;
    let inner = at - params.before0;
    is_inside = is_inside && inner >= 0 && inner < params.inside0;
    source += inner * params.in_stride0;
    goal += at * params.out_stride0;
  }
  if (RANK > 1u) {
    let at = i32(rest % params.shape1);
    rest = rest / params.shape1;
    let inner = at - params.before1;
    is_inside = is_inside && inner >= 0 && inner < params.inside1;
    source += inner * params.in_stride1;
    goal += at * params.out_stride1;
  }
  if (RANK > 2u) {
    let at = i32(rest % params.shape2);
    rest = rest / params.shape2;
    let inner = at - params.before2;
    is_inside = is_inside && inner >= 0 && inner < params.inside2;
    source += inner * params.in_stride2;
    goal += at * params.out_stride2;
  }
  if (RANK > 3u) {
    let at = i32(rest % params.shape3);
    rest = rest / params.shape3;
    let inner = at - params.before3;
    is_inside = is_inside && inner >= 0 && inner < params.inside3;
    source += inner * params.in_stride3;
    goal += at * params.out_stride3;
  }
  if (RANK > 4u) {
    let at = i32(rest % params.shape4);
    rest = rest / params.shape4;
    let inner = at - params.before4;
    is_inside = is_inside && inner >= 0 && inner < params.inside4;
    source += inner * params.in_stride4;
    goal += at * params.out_stride4;
  }
  if (RANK > 5u) {
    let at = i32(rest % params.shape5);
    rest = rest / params.shape5;
    let inner = at - params.before5;
    is_inside = is_inside && inner >= 0 && inner < params.inside5;
    source += inner * params.in_stride5;
    goal += at * params.out_stride5;
  }
  var bits = Element();
  if (is_inside) {
    bits = x[source];
  }
  y[goal] = bits;
}
