// The table of score_common.wgsl as int8: four numbers are one u32, the first in its lowest byte. A row's step between
// two whole numbers is part of its scale.

@group(0) @binding(1) var<storage, read> table: array<u32>;

fn fourAt(index: u32) -> vec4f {
  let word = bitcast<i32>(table[index]);
  return vec4f(vec4i(word << 24u, word << 16u, word << 8u, word) >> vec4u(24u));
}
