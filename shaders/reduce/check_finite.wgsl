// Keeps the first step at which a tensor held a number that is not finite: where status is 0 and any element is an
// infinity or NaN, status becomes step + 1.
//
// @binding(1) step              : i32[] (read)
// @binding(2) status            : i32[1] (read_write)
// @binding(3…8) tensor0…tensor5 : f32[size0]…f32[size5] (read), as u32
//
// The lines of tensor 5 are repeated for more tensors where the adapter has the buffers, and those of tensors that are not
// there are left out.
//
// Workgroups: any number; invocations stride over the elements. Tested on the exponent bits, since a shader compiler
// may assume that there is no NaN. All invocations that write, write the same value: the order does not matter.

const WORKGROUP = 64u;
const EXPONENT = 0x7f800000u;

struct Params {
  size0: u32,
  size1: u32,
  size2: u32,
  size3: u32,
  size4: u32,
  size5: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> step: array<i32>;
@group(0) @binding(2) var<storage, read_write> status: array<atomic<i32>>;
@group(0) @binding(3) var<storage, read> tensor0: array<u32>;
@group(0) @binding(4) var<storage, read> tensor1: array<u32>;
@group(0) @binding(5) var<storage, read> tensor2: array<u32>;
@group(0) @binding(6) var<storage, read> tensor3: array<u32>;
@group(0) @binding(7) var<storage, read> tensor4: array<u32>;
@group(0) @binding(8) var<storage, read> tensor5: array<u32>;

fn isBad(bits: u32) -> bool {
  return (bits & EXPONENT) == EXPONENT;
}

@compute @workgroup_size(WORKGROUP)
fn check_finite(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) count: vec3u) {
  let stride = count.x * WORKGROUP;
  var found = false;
  for (var i = global.x; i < params.size0; i += stride) { found |= isBad(tensor0[i]); }
  for (var i = global.x; i < params.size1; i += stride) { found |= isBad(tensor1[i]); }
  for (var i = global.x; i < params.size2; i += stride) { found |= isBad(tensor2[i]); }
  for (var i = global.x; i < params.size3; i += stride) { found |= isBad(tensor3[i]); }
  for (var i = global.x; i < params.size4; i += stride) { found |= isBad(tensor4[i]); }
  for (var i = global.x; i < params.size5; i += stride) { found |= isBad(tensor5[i]); }
  if (found && atomicLoad(&status[0]) == 0) {
    atomicStore(&status[0], step[0] + 1);
  }
}
