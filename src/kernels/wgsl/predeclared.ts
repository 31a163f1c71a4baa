/** The words that WGSL itself gives: keywords, types, built-in functions and values. https://www.w3.org/TR/WGSL/ */
const WORDS = `
alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop
override requires return struct switch true var while
array atomic bool f16 f32 i32 u32 ptr function private workgroup uniform storage read write read_write
vec2 vec3 vec4 vec2f vec3f vec4f vec2h vec3h vec4h vec2i vec3i vec4i vec2u vec3u vec4u
mat2x2 mat2x2f mat3x3 mat3x3f mat4x4 mat4x4f
abs acos all any asin atan atan2 atomicAdd atomicAnd atomicCompareExchangeWeak atomicExchange atomicLoad atomicMax
atomicMin atomicOr atomicStore atomicSub atomicXor bitcast ceil clamp cos cosh countLeadingZeros countOneBits
countTrailingZeros cross degrees determinant distance dot dot4I8Packed dot4U8Packed exp exp2 extractBits
faceForward firstLeadingBit firstTrailingBit floor fma fract frexp insertBits inverseSqrt ldexp length log log2 max min
mix modf normalize pack2x16float pack4x8snorm pack4x8unorm pow quantizeToF16 quadBroadcast quadSwapDiagonal quadSwapX
quadSwapY radians reflect refract reverseBits round saturate select sign sin sinh smoothstep sqrt step
storageBarrier subgroupAdd subgroupAll subgroupAny subgroupBallot subgroupBroadcast subgroupBroadcastFirst
subgroupElect subgroupExclusiveAdd subgroupInclusiveAdd subgroupMax subgroupMin subgroupShuffle subgroupShuffleDown
subgroupShuffleUp subgroupShuffleXor tan tanh transpose trunc unpack2x16float unpack4xI8 unpack4xU8 unpack4x8snorm
unpack4x8unorm workgroupBarrier workgroupUniformLoad arrayLength
builtin compute workgroup_size workgroup_id num_workgroups local_invocation_id local_invocation_index
global_invocation_id subgroup_invocation_id subgroup_size subgroup_id params
`;

/** Names that a shader need not declare, and `params`, which every shader has. */
export const PREDECLARED: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/));
