# THE table of shader variants: one call per row, one SPIR-V file per call. shaders/README.md explains the columns.

vkinfer_shader(probe_add SOURCE probes/probe_add.comp)

vkinfer_shader(argmax SOURCE sample/argmax.comp)
vkinfer_shader(sample_top SOURCE sample/sample_top.comp)
vkinfer_shader(sample_buckets SOURCE sample/sample_buckets.comp)
vkinfer_shader(sample SOURCE sample/sample.comp)
vkinfer_shader(soft_cap SOURCE sample/soft_cap.comp)
vkinfer_shader(adjust_logits SOURCE sample/adjust_logits.comp)
vkinfer_shader(token_history SOURCE sample/token_history.comp)
vkinfer_shader(log_probabilities_slice SOURCE sample/log_probabilities_slice.comp)
vkinfer_shader(log_probabilities SOURCE sample/log_probabilities.comp)

# Every format of weights: shaders/include/weights/<format>.glsl.
set(PLAIN_WEIGHTS F32 F16 BF16)
set(WEIGHTS ${PLAIN_WEIGHTS} Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS
    MXFP4 NVFP4 Q1_0 Q2_0 IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S)

foreach(weights ${WEIGHTS})
    string(TOLOWER ${weights} name)
    vkinfer_shader(embed_${name} SOURCE embed/embed.comp DEFINES WEIGHTS_${weights}=1)
    vkinfer_shader(expert_${name} SOURCE moe/expert.comp DEFINES WEIGHTS_${weights}=1)
endforeach()

# synthetic
vkinfer_shader(random_weights_f32 SOURCE synthetic/random_weights.comp DEFINES WEIGHTS_F32=1)
vkinfer_shader(random_weights_f16 SOURCE synthetic/random_weights.comp DEFINES WEIGHTS_F16=1)
vkinfer_shader(random_weights_bf16 SOURCE synthetic/random_weights.comp DEFINES WEIGHTS_BF16=1)
vkinfer_shader(random_weights_blocks SOURCE synthetic/random_blocks.comp)

# quantize: the float format, then the blocks
foreach(weights F32 F16 BF16)
    foreach(blocks Q8_0 Q4_0)
        string(TOLOWER ${weights}_${blocks} name)
        vkinfer_shader(quantize_${name} SOURCE quantize/quantize.comp DEFINES WEIGHTS_${weights}=1 ENCODE_${blocks}=1)
    endforeach()
endforeach()

# norm
foreach(output f32 f16)
    set(defines "")
    if(output STREQUAL "f16")
        set(defines DEFINES OUTPUT_F16=1)
    endif()
    vkinfer_shader(norm_${output} SOURCE norm/norm.comp ${defines})
endforeach()

vkinfer_shader(norm_fixed SOURCE norm/norm_fixed.comp)

# mixture of experts
vkinfer_shader(route SOURCE moe/route.comp)
vkinfer_shader(combine SOURCE moe/combine.comp)
vkinfer_shader(group SOURCE moe/group.comp)

# mlp
vkinfer_shader(activate_f32_f32 SOURCE mlp/activate.comp)
vkinfer_shader(activate_f32_f16 SOURCE mlp/activate.comp DEFINES OUTPUT_F16=1)
vkinfer_shader(activate_f16_f16 SOURCE mlp/activate.comp DEFINES INPUT_F16=1 OUTPUT_F16=1)

# attention, prefill: the cache's type, then the query's (rope_store) or the output's (attention_prefill)
vkinfer_shader(rope_store_f32_f32 SOURCE attention/rope_store.comp DEFINES KV_F32=1)
vkinfer_shader(rope_store_f32_f16 SOURCE attention/rope_store.comp DEFINES KV_F32=1 QUERY_F16=1)
vkinfer_shader(rope_store_f16_f32 SOURCE attention/rope_store.comp DEFINES KV_F16=1)
vkinfer_shader(rope_store_f16_f16 SOURCE attention/rope_store.comp DEFINES KV_F16=1 QUERY_F16=1)
vkinfer_shader(rope_store_q8_0_f32 SOURCE attention/rope_store.comp DEFINES KV_Q8_0=1)
vkinfer_shader(rope_store_q8_0_f16 SOURCE attention/rope_store.comp DEFINES KV_Q8_0=1 QUERY_F16=1)
vkinfer_shader(latent_store_f32 SOURCE attention/latent_store.comp DEFINES KV_F32=1)
vkinfer_shader(latent_store_f16 SOURCE attention/latent_store.comp DEFINES KV_F16=1)
vkinfer_shader(latent_store_q8_0 SOURCE attention/latent_store.comp DEFINES KV_Q8_0=1)
vkinfer_shader(attention_prefill_f32_f32 SOURCE attention/attention_prefill.comp DEFINES KV_F32=1)
vkinfer_shader(attention_prefill_f32_f16 SOURCE attention/attention_prefill.comp DEFINES KV_F32=1 OUTPUT_F16=1)
vkinfer_shader(attention_prefill_f16_f32 SOURCE attention/attention_prefill.comp DEFINES KV_F16=1)
vkinfer_shader(attention_prefill_f16_f16 SOURCE attention/attention_prefill.comp DEFINES KV_F16=1 OUTPUT_F16=1)
vkinfer_shader(attention_prefill_q8_0_f32 SOURCE attention/attention_prefill.comp DEFINES KV_Q8_0=1)
vkinfer_shader(attention_prefill_q8_0_f16 SOURCE attention/attention_prefill.comp DEFINES KV_Q8_0=1 OUTPUT_F16=1)
foreach(kv F16 Q8_0)
    string(TOLOWER ${kv} kv_type)
    vkinfer_shader(attention_prefill_${kv_type}_f32_coopmat SOURCE attention/attention_prefill_coopmat.comp DEFINES KV_${kv}=1
        REQUIRES cooperative_matrix)
    vkinfer_shader(attention_prefill_${kv_type}_f16_coopmat SOURCE attention/attention_prefill_coopmat.comp
        DEFINES KV_${kv}=1 OUTPUT_F16=1 REQUIRES cooperative_matrix)
endforeach()

vkinfer_shader(resolve_rows SOURCE attention/resolve_rows.comp)

# recurrent mixers
vkinfer_shader(short_conv SOURCE recurrent/short_conv.comp)
vkinfer_shader(gated_delta SOURCE recurrent/gated_delta.comp)
vkinfer_shader(mamba2 SOURCE recurrent/mamba2.comp)
vkinfer_shader(gate_heads_f32 SOURCE recurrent/gate_heads.comp)
vkinfer_shader(gate_heads_f16 SOURCE recurrent/gate_heads.comp DEFINES OUTPUT_F16=1)
vkinfer_shader(gate_heads_fixed SOURCE recurrent/gate_heads.comp DEFINES OUTPUT_FIXED=1)

# linear, biases and learned positions
vkinfer_shader(add_rows SOURCE linear/add_rows.comp)
vkinfer_shader(gather_rows SOURCE linear/gather_rows.comp)

# attention, calibration: the cache's type, then the query's
vkinfer_shader(attention_scores_f32_f32 SOURCE attention/attention_scores.comp DEFINES KV_F32=1)
vkinfer_shader(attention_scores_f16_f32 SOURCE attention/attention_scores.comp DEFINES KV_F16=1)
vkinfer_shader(attention_scores_q8_0_f32 SOURCE attention/attention_scores.comp DEFINES KV_Q8_0=1)
vkinfer_shader(attention_scores_q8_0_f16 SOURCE attention/attention_scores.comp DEFINES KV_Q8_0=1 QUERY_F16=1)
vkinfer_shader(attention_scores_f32_f16 SOURCE attention/attention_scores.comp DEFINES KV_F32=1 QUERY_F16=1)
vkinfer_shader(attention_scores_f16_f16 SOURCE attention/attention_scores.comp DEFINES KV_F16=1 QUERY_F16=1)

# linear, prefill
foreach(weights ${WEIGHTS})
    string(TOLOWER ${weights} name)
    vkinfer_shader(gemm_${name}_f32_direct SOURCE linear/gemm_direct.comp DEFINES WEIGHTS_${weights}=1)
    vkinfer_shader(gemm_${name}_f32_tiled SOURCE linear/gemm_tiled.comp DEFINES WEIGHTS_${weights}=1)
    vkinfer_shader(gemm_${name}_f32_vectors SOURCE linear/gemm_vectors.comp DEFINES WEIGHTS_${weights}=1)
    if(NOT weights STREQUAL "F32")
        vkinfer_shader(gemm_${name}_f16_coopmat SOURCE linear/gemm_coopmat.comp DEFINES WEIGHTS_${weights}=1
            REQUIRES cooperative_matrix)
        vkinfer_shader(gemm_${name}_f16_coopmat_out_f16 SOURCE linear/gemm_coopmat.comp DEFINES WEIGHTS_${weights}=1 OUTPUT_F16=1
            REQUIRES cooperative_matrix)
        vkinfer_shader(gemm_${name}_f16_vectors SOURCE linear/gemm_vectors.comp DEFINES WEIGHTS_${weights}=1 INPUT_F16=1)
        vkinfer_shader(gemm_${name}_f16_vectors_out_f16 SOURCE linear/gemm_vectors.comp
            DEFINES WEIGHTS_${weights}=1 INPUT_F16=1 OUTPUT_F16=1)
        vkinfer_shader(gemm_${name}_f16_flat SOURCE linear/gemm_flat.comp DEFINES WEIGHTS_${weights}=1 REQUIRES cooperative_matrix)
        vkinfer_shader(gemm_${name}_f16_flat_out_f16 SOURCE linear/gemm_flat.comp DEFINES WEIGHTS_${weights}=1 OUTPUT_F16=1
            REQUIRES cooperative_matrix)
    endif()
endforeach()

# linear, decode: block formats have a form of their own for devices with integer dot products
foreach(weights ${WEIGHTS})
    string(TOLOWER ${weights} type)
    set(forms "")
    if(weights IN_LIST PLAIN_WEIGHTS)
        # Of routers: too few rows for a float32 x to matter that is read past the caches.
        vkinfer_shader(gemv_store_${type}_chained SOURCE linear/gemv_store.comp DEFINES WEIGHTS_${weights} CHAINS)
    else()
        set(forms _dot)
    endif()
    foreach(form "" ${forms})
        set(defines WEIGHTS_${weights})
        set(requires "")
        if(form)
            list(APPEND defines INTEGER_DOT)
            set(requires REQUIRES integer_dot_product)
        endif()
        vkinfer_shader(gemv_store_${type}${form} SOURCE linear/gemv_store.comp DEFINES ${defines} ${requires})
        vkinfer_shader(gemv_gated_${type}${form} SOURCE linear/gemv_gated.comp DEFINES ${defines} ${requires})
        foreach(kv F16 F32)
            string(TOLOWER ${kv} kv_type)
            vkinfer_shader(gemv_qkv_${type}_kv${kv_type}${form} SOURCE linear/gemv_qkv.comp DEFINES ${defines} KV_${kv} ${requires})
        endforeach()
    endforeach()
endforeach()

foreach(kv F16 F32 Q8_0)
    string(TOLOWER ${kv} kv_type)
    vkinfer_shader(attention_decode_kv${kv_type} SOURCE attention/attention_decode.comp DEFINES KV_${kv})
    vkinfer_shader(attention_decode_kv${kv_type}_rows SOURCE attention/attention_decode.comp DEFINES KV_${kv} ROWS=1)
    vkinfer_shader(attention_decode_kv${kv_type}_rows_out_f16 SOURCE attention/attention_decode.comp DEFINES KV_${kv} ROWS=1 OUTPUT_F16=1)
endforeach()
vkinfer_shader(attention_decode_kvq8_0_rows_coopmat SOURCE attention/attention_decode_coopmat.comp DEFINES KV_Q8_0=1
    REQUIRES cooperative_matrix)
vkinfer_shader(attention_decode_kvq8_0_rows_out_f16_coopmat SOURCE attention/attention_decode_coopmat.comp DEFINES KV_Q8_0=1 OUTPUT_F16=1
    REQUIRES cooperative_matrix)
