// Uniform random float32 in [0, 1): Threefry-2x32, 20 rounds (Salmon et al. 2011, "Parallel Random Numbers: As Easy
// as 1, 2, 3"), bit for bit as on the CPU (src/core/random.ts).
//
// @binding(1) counter : i32[] (read)          the second counter word; the first is the element's index
// @binding(2) out     : f32[size] (read_write)
//
// Workgroups: one invocation per element, folded over x and y. out[i] = (first word >> 8) / 2^24: exact in float32.

const WORKGROUP = 64u;
const PARITY = 0x1bd11bdau;

struct Params {
  size: u32,
  seed: u32,
  stream: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counter: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

fn rounds(word: vec2u, rotations: vec4u) -> vec2u {
  var x = word;
  for (var round = 0u; round < 4u; round++) {
    x.x += x.y;
    x.y = (x.y << rotations[round]) | (x.y >> (32u - rotations[round]));
    x.y ^= x.x;
  }
  return x;
}

fn threefry(key: vec2u, word: vec2u) -> vec2u {
  let parity = key.x ^ key.y ^ PARITY;
  let even = vec4u(13u, 15u, 26u, 6u);
  let odd = vec4u(17u, 29u, 16u, 24u);
  var x = word + key;
  x = rounds(x, even) + vec2u(key.y, parity + 1u);
  x = rounds(x, odd) + vec2u(parity, key.x + 2u);
  x = rounds(x, even) + vec2u(key.x, key.y + 3u);
  x = rounds(x, odd) + vec2u(key.y, parity + 4u);
  x = rounds(x, even) + vec2u(parity, key.x + 5u);
  return x;
}

@compute @workgroup_size(WORKGROUP)
fn uniform_numbers(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let index = (workgroup.x + workgroup.y * count.x) * WORKGROUP + local.x;
  if (index >= params.size) {
    return;
  }
  let word = threefry(vec2u(params.seed, params.stream), vec2u(index, u32(counter[0]))).x;
  out[index] = f32(word >> 8u) / 16777216.0;
}
