#version 460
// Compiles only with a glslc that knows GL_KHR_cooperative_matrix: asked at configuration, never run.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_shader_16bit_storage : require
layout(local_size_x_id = 0) in;

layout(set = 0, binding = 0, std430) readonly buffer Source { float16_t src[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Destination { float dst[]; };

void main() {
    coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA> a;
    coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseB> b;
    coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator> sum =
        coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>(0.0);
    coopMatLoad(a, src, 0, 16, gl_CooperativeMatrixLayoutRowMajor);
    coopMatLoad(b, src, 256, 16, gl_CooperativeMatrixLayoutRowMajor);
    sum = coopMatMulAdd(a, b, sum);
    coopMatStore(sum, dst, 0, 16, gl_CooperativeMatrixLayoutRowMajor);
}
