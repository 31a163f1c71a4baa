// Copies a box of one tensor into a box of another, by strides; zeros where the box reaches outside the input.
//   y[out_offset + sum(x_d * out_stride_d)] = x[in_offset + sum((x_d - before_d) * in_stride_d)]
// Transpose, slice, concat, pad and reverse are all this kernel. Axes are padded to rank 6 with leading 1s.
//
// @binding(0) params : Params (uniform)
// @binding(1) x : u32[any] (read)   bits of float32, int32 or bool
// @binding(2) y : u32[any] (write)
// Workgroup: 64 invocations, one element each; ceil(size / 64) workgroups, folded over x and y.
// Numerics: bits are copied, so every dtype and every NaN comes through.

const WORKGROUP = 64u;

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
@group(0) @binding(1) var<storage, read> x : array<u32>;
@group(0) @binding(2) var<storage, read_write> y : array<u32>;

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
  var target_index = params.out_offset;
  let x5 = i32(rest % params.shape5);
  rest = rest / params.shape5;
  let y5 = x5 - params.before5;
  is_inside = is_inside && y5 >= 0 && y5 < params.inside5;
  source += y5 * params.in_stride5;
  target_index += x5 * params.out_stride5;
  let x4 = i32(rest % params.shape4);
  rest = rest / params.shape4;
  let y4 = x4 - params.before4;
  is_inside = is_inside && y4 >= 0 && y4 < params.inside4;
  source += y4 * params.in_stride4;
  target_index += x4 * params.out_stride4;
  let x3 = i32(rest % params.shape3);
  rest = rest / params.shape3;
  let y3 = x3 - params.before3;
  is_inside = is_inside && y3 >= 0 && y3 < params.inside3;
  source += y3 * params.in_stride3;
  target_index += x3 * params.out_stride3;
  let x2 = i32(rest % params.shape2);
  rest = rest / params.shape2;
  let y2 = x2 - params.before2;
  is_inside = is_inside && y2 >= 0 && y2 < params.inside2;
  source += y2 * params.in_stride2;
  target_index += x2 * params.out_stride2;
  let x1 = i32(rest % params.shape1);
  rest = rest / params.shape1;
  let y1 = x1 - params.before1;
  is_inside = is_inside && y1 >= 0 && y1 < params.inside1;
  source += y1 * params.in_stride1;
  target_index += x1 * params.out_stride1;
  let x0 = i32(rest % params.shape0);
  rest = rest / params.shape0;
  let y0 = x0 - params.before0;
  is_inside = is_inside && y0 >= 0 && y0 < params.inside0;
  source += y0 * params.in_stride0;
  target_index += x0 * params.out_stride0;
  var bits = 0u;
  if (is_inside) {
    bits = x[source];
  }
  y[target_index] = bits;
}
