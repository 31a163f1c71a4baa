// Scores of stored vectors: scores[q, row] = dot(queries[q], row) · scale[row] + bias[row], or EXCLUDED where the row's
// bit in the mask is 0. With scale and bias this is the cosine (1 / ‖row‖, 0), the dot product (1, 0), or what orders
// rows by Euclidean distance (1, -‖row‖² / 2). Put before score_lanes.wgsl and score_coalesced.wgsl, and after one of
// score_float32.wgsl and score_int8.wgsl, which declare the table and read four numbers of it.
//
// @binding(1) table   : Stored [C, width] (read)      vec4f, or four int8 in a u32
// @binding(2) terms   : f32[C, 2] (read)              scale and bias, as vec4f of two rows
// @binding(3) mask    : u32[C / 32] (read)            bit r % 32 of word r / 32 is row r
// @binding(4) queries : vec4f[Q, width] (read)
// @binding(5) scores  : f32[Q, C] (read_write)
//
// C is a multiple of 64. A tile of rows that are all masked out is not read at all.
// Numerics: float32 sums of `width` terms; every number must be finite.

const EXCLUDED = -3.4028234663852886e38; // float32's lowest: no finite number orders before it

struct Params {
  first_tile: u32,
  tiles: u32, // tiles of this dispatch
  width: u32, // Stored of a row, and vec4s of a query
  queries: u32, // Q
  rows: u32, // C
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> terms: array<vec4f>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read> queries: array<vec4f>;
