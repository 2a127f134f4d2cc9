// Chooses the weight format of a variant by -D WEIGHTS_<type>. The chosen file defines
//   W_ELEMS        weights in one chunk, which is one 16-byte load
//   W_QUANTIZED    1 where scales lie beside the quants, in a second buffer
//   WRaw           one chunk as loaded, with its scale
//   W_FETCH(w, s, index)  loads chunk `index` of the buffers `uvec4 w[]` and `uint s[]` (s unused unless W_QUANTIZED)
//   w_decode(raw, out float values[W_ELEMS])  the weights in the order of their columns
//   w_dot(raw, vec4 x[W_ELEMS / 4])  the chunk's dot product with x, scaled once
// and, for block formats under -D INTEGER_DOT,
//   w_dot_fixed(raw, uvec4 high[W_ELEMS / 16], uvec4 low[W_ELEMS / 16], int sum)  the same with fixed-point x (gemv_staged.glsl)
// A matrix is [rows][W_STRIDE] chunks; columns are padded to a multiple of 64 with weights of value zero.
#ifndef WEIGHTS_GLSL
#define WEIGHTS_GLSL

#ifdef INTEGER_DOT
#extension GL_EXT_integer_dot_product : require
#endif

#if defined(WEIGHTS_F32)
#include "weights_f32.glsl"
#elif defined(WEIGHTS_F16)
#include "weights_f16.glsl"
#elif defined(WEIGHTS_BF16)
#include "weights_bf16.glsl"
#elif defined(WEIGHTS_Q8_0)
#include "weights_q8_0.glsl"
#elif defined(WEIGHTS_Q4_0)
#include "weights_q4_0.glsl"
#else
#error "a variant of this shader is compiled with -D WEIGHTS_<type>"
#endif

// For shaders that name their buffers W (uvec4 W[]) and S (uint S[]) and define W_STRIDE, the chunks per row.
#define w_load(row, chunk) W_FETCH(W, S, (row) * W_STRIDE + (chunk))

#endif
