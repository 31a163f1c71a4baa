// A stable sort of ids with the positions they came from: least-significant-digit radix sort (Knuth, TAOCP vol. 3,
// 5.2.5), eight bits a pass, no atomics. Each pass is three dispatches: count the digits of every block of BLOCK ids,
// turn the counts into the places where each block's digits go, and scatter. Of few blocks, every scattering workgroup
// turns the counts itself (IS_SCANNED = 0) and there are two. Ids outside 0 … bound - 1 sort behind all others.
//
// A workgroup has one invocation per digit value. Invocation d walks over the block's digits in workgroup memory in
// order, and counts (or ranks) those that equal d: 256 comparisons per id, which are cheap, for a sort that is stable
// without atomics.
//
// sort_count   @binding(1) ids     : i32[N] (read)            @binding(2) counts : u32[blocks, 256] (write)
// sort_scan    @binding(1) counts  : u32[blocks, 256] (read, write): counts in, places out
// sort_scatter @binding(1) ids     : i32[N] (read)            @binding(2) places : u32[blocks, 256] (read): counts,
// unless IS_SCANNED
//              @binding(3) positions : i32[N], positions of ids (read, but for the first digit: then position n stands
//              at n)
//              @binding(4) sorted  : i32[N] (write)           @binding(5) order  : i32[N] (write)
//
// The scatter notes places in workgroup memory, so that all invocations move ids side by side; where lanes run one
// after the other (IS_DIRECT) each moves its own: SwiftShader compiles a store for every number of workgroup memory,
// half a second for 1,024.
//
// Workgroup: 256 invocations. sort_count and sort_scatter: one workgroup per block, folded over x and y; sort_scan:
// one.

struct Params {
  size: u32,
  blocks: u32,
  shift: u32,
  bound: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;
@group(0) @binding(1) var<storage, read_write> table: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> positions: array<i32>;
@group(0) @binding(4) var<storage, read_write> sorted: array<i32>;
@group(0) @binding(5) var<storage, read_write> order: array<i32>;

const RADIX = 256u;
const BLOCK = 1024u;
const IS_SCANNED = 1u;
const IS_DIRECT = 0u; // 1: an id moves as soon as its place is known, and SLOTS is 1
const SLOTS = 1024u;

const PER_WORD = 4u;
const WORDS = BLOCK / PER_WORD;

// Digits of the block's ids, four to a word; before them, each digit's count in all blocks. And the places they go to.
// One array for both: see IS_DIRECT above for what a number more costs.
var<workgroup> shared_words: array<u32, RADIX>;
var<workgroup> slots: array<u32, SLOTS>;

fn digit_of(id: i32) -> u32 {
  let key = select(params.bound, u32(id), id >= 0 && u32(id) < params.bound);
  return (key >> params.shift) & (RADIX - 1u);
}

// Packs into shared_words the digits of the block that starts at `start`; what lies past the last id counts as the last
// digit. The caller sets the barrier.
fn load_digits(start: u32, lane: u32) {
  for (var word = lane; word < WORDS; word += RADIX) {
    var packed = 0u;
    for (var n = 0u; n < PER_WORD; n++) {
      let index = start + word * PER_WORD + n;
      var digit = RADIX - 1u;
      if (index < params.size) { digit = digit_of(ids[index]); }
      packed |= digit << (8u * n);
    }
    shared_words[word] = packed;
  }
}

// Which of a word's four digits equal `digit`.
fn matches(word: u32, digit: u32) -> vec4<bool> {
  return ((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(RADIX - 1u)) == vec4u(digit);
}

@compute @workgroup_size(RADIX)
fn sort_count(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x + group.y * groups.x;
  let start = block * BLOCK;
  load_digits(start, lane);
  workgroupBarrier();
  let length = min(BLOCK, params.size - min(params.size, start));
  var found = vec4u(0u);
  for (var word = 0u; word < WORDS; word++) {
    found += select(vec4u(0u), vec4u(1u), matches(shared_words[word], lane));
  }
  var count = found.x + found.y + found.z + found.w;
  if (lane == RADIX - 1u) { count -= BLOCK - length; }
  if (block < params.blocks) { counts[block * RADIX + lane] = count; }
}

@compute @workgroup_size(RADIX)
fn sort_scan(@builtin(local_invocation_index) lane: u32) {
  var total = 0u;
  for (var block = 0u; block < params.blocks; block++) {
    total += table[block * RADIX + lane];
  }
  shared_words[lane] = total;
  workgroupBarrier();
  var place = 0u;
  for (var digit = 0u; digit < lane; digit++) {
    place += shared_words[digit];
  }
  for (var block = 0u; block < params.blocks; block++) {
    let count = table[block * RADIX + lane];
    table[block * RADIX + lane] = place;
    place += count;
  }
}

// Where the block's first id of digit `lane` goes: behind all smaller digits, and its own in earlier blocks. Every
// invocation of the workgroup calls it.
fn place_from_counts(block: u32, lane: u32) -> u32 {
  var total = 0u;
  var place = 0u;
  for (var other = 0u; other < params.blocks; other++) {
    let count = places[other * RADIX + lane];
    total += count;
    place += select(0u, count, other < block);
  }
  shared_words[lane] = total;
  workgroupBarrier();
  for (var digit = 0u; digit < lane; digit++) {
    place += shared_words[digit];
  }
  return place;
}

// Puts the id at `source`, and the position it came from, at `slot`.
fn move_id(source: u32, slot: u32) {
  sorted[slot] = ids[source];
  if (params.shift == 0u) {
    order[slot] = i32(source);
  } else {
    order[slot] = positions[source];
  }
}

@compute @workgroup_size(RADIX)
fn sort_scatter(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x + group.y * groups.x;
  let start = block * BLOCK;
  let length = min(BLOCK, params.size - min(params.size, start));
  var place = 0u;
  if (IS_SCANNED == 1u) {
    place = places[min(block, params.blocks - 1u) * RADIX + lane];
  } else {
    place = place_from_counts(block, lane);
    workgroupBarrier();
  }
  load_digits(start, lane);
  workgroupBarrier();
  for (var word = 0u; word < WORDS; word++) {
    let found = matches(shared_words[word], lane);
    if (any(found)) {
      for (var n = 0u; n < PER_WORD; n++) {
        if (found[n]) {
          let offset = word * PER_WORD + n;
          if (IS_DIRECT == 1u) {
            if (offset < length) { move_id(start + offset, place); }
          } else {
            slots[offset] = place;
          }
          place++;
        }
      }
    }
  }
  if (IS_DIRECT == 1u) {
    return;
  }
  workgroupBarrier();
  for (var offset = lane; offset < length; offset += RADIX) {
    move_id(start + offset, slots[offset]);
  }
}
