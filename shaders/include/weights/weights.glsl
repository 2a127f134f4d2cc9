// Chooses the weight format of a variant by -D WEIGHTS_<type>. The chosen file defines
//   W_ELEMS        weights in one chunk
//   W_QUANTIZED    1 where scales lie beside the quants, in a second buffer
//   W_SCALE        the type of that buffer's elements
//   WRaw           one chunk as loaded, with its scales
//   W_FETCH(w, s, index)  loads chunk `index` of the buffers `uvec4 w[]` and `W_SCALE s[]` (s unused unless W_QUANTIZED)
//   w_prepare()    what all invocations of a workgroup do before they use the rest
//   w_decode(raw, out float values[W_ELEMS])  the weights in the order of their columns
//   w_dot(raw, vec4 x[W_ELEMS / 4])  the chunk's dot product with x, scaled once
// and, for block formats under -D INTEGER_DOT,
//   w_dot_fixed(raw, uvec4 high[W_ELEMS / 16], uvec4 low[W_ELEMS / 16], int sum)  the same with fixed-point x (fixed_point.glsl)
// The block formats, which define W_PARTS, get the last three from blocks.glsl.
// The shader declares its workgroup's size before it includes this file.
// A matrix is [rows][W_STRIDE] chunks; columns are padded to a multiple of 64 with weights of value zero.
#ifndef WEIGHTS_GLSL
#define WEIGHTS_GLSL

#ifdef INTEGER_DOT
#extension GL_EXT_integer_dot_product : require
#endif

#if defined(WEIGHTS_F32)
#include "f32.glsl"
#elif defined(WEIGHTS_F16)
#include "f16.glsl"
#elif defined(WEIGHTS_BF16)
#include "bf16.glsl"
#elif defined(WEIGHTS_Q8_0)
#include "q8_0.glsl"
#elif defined(WEIGHTS_Q4_0)
#include "q4_0.glsl"
#elif defined(WEIGHTS_Q4_1)
#include "q4_1.glsl"
#elif defined(WEIGHTS_Q5_0)
#include "q5_0.glsl"
#elif defined(WEIGHTS_Q5_1)
#include "q5_1.glsl"
#elif defined(WEIGHTS_Q2_K)
#include "q2_k.glsl"
#elif defined(WEIGHTS_Q3_K)
#include "q3_k.glsl"
#elif defined(WEIGHTS_Q4_K)
#include "q4_k.glsl"
#elif defined(WEIGHTS_Q5_K)
#include "q5_k.glsl"
#elif defined(WEIGHTS_Q6_K)
#include "q6_k.glsl"
#elif defined(WEIGHTS_IQ4_NL)
#include "iq4_nl.glsl"
#elif defined(WEIGHTS_IQ4_XS)
#include "iq4_xs.glsl"
#elif defined(WEIGHTS_MXFP4)
#include "mxfp4.glsl"
#elif defined(WEIGHTS_NVFP4)
#include "nvfp4.glsl"
#elif defined(WEIGHTS_Q1_0)
#include "q1_0.glsl"
#elif defined(WEIGHTS_Q2_0)
#include "q2_0.glsl"
#elif defined(WEIGHTS_IQ1_M)
#include "iq1_m.glsl"
#elif defined(WEIGHTS_IQ2_XXS)
#include "iq2_xxs.glsl"
#elif defined(WEIGHTS_IQ2_XS)
#include "iq2_xs.glsl"
#elif defined(WEIGHTS_IQ2_S)
#include "iq2_s.glsl"
#elif defined(WEIGHTS_IQ3_XXS)
#include "iq3_xxs.glsl"
#elif defined(WEIGHTS_IQ3_S)
#include "iq3_s.glsl"
#else
#error "a variant of this shader is compiled with -D WEIGHTS_<type>"
#endif

#ifndef W_CODEBOOK
void w_prepare() {}
#endif

#ifdef W_PARTS
#define W_QUANTIZED 1
#include "blocks.glsl"
#else
#define W_QUANTIZED 0
#define W_SCALE uint
#endif

// For shaders that name their buffers W (uvec4 W[]) and S (W_SCALE S[]) and define W_STRIDE, the chunks per row.
#define w_load(row, chunk) W_FETCH(W, S, (row) * W_STRIDE + (chunk))

#endif
