// The table of score_common.wgsl as float32: four numbers are one vec4f.

@group(0) @binding(1) var<storage, read> table: array<vec4f>;

fn fourAt(index: u32) -> vec4f {
  return table[index];
}
