// Adds a checksum of a tensor's bits: sum += Σ scrambled(word_i ^ (position + i) · 0x9e3779b9), modulo 2^32. Every bit
// of every word counts, and so does its place; the order of the sum does not matter.
//
// @binding(1) x   : any[size] (read), as u32
// @binding(2) sum : i32[1] (read_write)
//
// Workgroups: any number of 64 invocations, which stride over the elements. `scrambled` is "lowbias32" of Wellons
// 2018, "Prospecting for Hash Functions".

const WORKGROUP = 64u;

struct Params {
  size: u32,
  // Words of the tensors before this one.
  position: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> sum: array<atomic<u32>>;

fn scrambled(word: u32) -> u32 {
  var bits = word;
  bits = (bits ^ (bits >> 16u)) * 0x7feb352du;
  bits = (bits ^ (bits >> 15u)) * 0x846ca68bu;
  return bits ^ (bits >> 16u);
}

@compute @workgroup_size(WORKGROUP)
fn checksum(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) count: vec3u) {
  var own = 0u;
  for (var i = global.x; i < params.size; i += count.x * WORKGROUP) {
    own += scrambled(x[i] ^ ((params.position + i) * 0x9e3779b9u));
  }
  atomicAdd(&sum[0], own);
}
