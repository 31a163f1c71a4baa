// Keeps the first step at which a tensor held a number that is not finite: where status is 0 and any element is an
// infinity or NaN, status becomes iteration + 1.
//
// @binding(1) iteration : i32[], the step's number from 0 on (read)
// @binding(2) status    : i32[1] (read_write)
// @binding(3) x         : f32[size] (read), as u32
//
// A dispatch checks as many tensors as the adapter has storage buffers for: x and size are there once for each.
//
// Workgroups: any number of 64 invocations, which stride over the elements. Tested on the exponent bits, since a
// shader compiler may assume that there is no NaN. All invocations that write, write the same value: the order does
// not matter.

const WORKGROUP = 64u;
const EXPONENT = 0x7f800000u;

struct Params {
  size: u32, // @each
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> iteration: array<i32>;
@group(0) @binding(2) var<storage, read_write> status: array<atomic<i32>>;
@group(0) @binding(3) var<storage, read> x: array<u32>; // @each

fn is_bad(bits: u32) -> bool {
  return (bits & EXPONENT) == EXPONENT;
}

@compute @workgroup_size(WORKGROUP)
fn check_finite(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) count: vec3u) {
  var found = false;
  for (var i = global.x; i < params.size; i += count.x * WORKGROUP) {
    found |= is_bad(x[i]);
  }
  if (found && atomicLoad(&status[0]) == 0) {
    atomicStore(&status[0], iteration[0] + 1);
  }
}
