"""A model and its tokenizer to GGUF, and back."""

import torch

import gguf_reader
from chat_format import TEMPLATE
from gguf_writer import BOOL, FLOAT32, INT32, STRING, UINT32, GgufWriter
from model import Config, Llama
from tokenizer import ENDOFTEXT, IM_END, SPECIAL, Tokenizer

_NORMAL, _CONTROL = 1, 3
_Q8_0_FILE = 7


def save(path, model, tokenizer):
    c, w = model.config, GgufWriter()
    w.add("general.architecture", STRING, "llama")
    w.add("general.type", STRING, "model")
    w.add("general.name", STRING, "VkInfer Mini")
    w.add("general.description", STRING, "The small chat model that is built into VkInfer: stories, arithmetic, word play and tools for the weather and the time.")
    w.add("general.license", STRING, "mit")
    w.add("general.file_type", UINT32, _Q8_0_FILE)
    w.add("general.quantization_version", UINT32, 2)
    w.add("general.alignment", UINT32, 32)
    w.add_array("general.languages", STRING, ["en"])
    w.add("llama.context_length", UINT32, c.context)
    w.add("llama.embedding_length", UINT32, c.hidden_size)
    w.add("llama.block_count", UINT32, c.num_layers)
    w.add("llama.feed_forward_length", UINT32, c.intermediate_size)
    w.add("llama.attention.head_count", UINT32, c.num_heads)
    w.add("llama.attention.head_count_kv", UINT32, c.num_kv_heads)
    w.add("llama.attention.key_length", UINT32, c.head_dim)
    w.add("llama.attention.value_length", UINT32, c.head_dim)
    w.add("llama.attention.layer_norm_rms_epsilon", FLOAT32, c.rms_norm_eps)
    w.add("llama.rope.dimension_count", UINT32, c.head_dim)
    w.add("llama.rope.freq_base", FLOAT32, c.rope_theta)
    w.add("llama.vocab_size", UINT32, c.vocab_size)
    w.add("tokenizer.ggml.model", STRING, "gpt2")
    w.add("tokenizer.ggml.pre", STRING, "qwen2")
    w.add_array("tokenizer.ggml.tokens", STRING, tokenizer.tokens)
    w.add_array("tokenizer.ggml.token_type", INT32, [_CONTROL if t in SPECIAL else _NORMAL for t in tokenizer.tokens])
    w.add_array("tokenizer.ggml.merges", STRING, [f"{a} {b}" for a, b in tokenizer.merges])
    w.add("tokenizer.ggml.bos_token_id", UINT32, tokenizer.ids[ENDOFTEXT])
    w.add("tokenizer.ggml.eos_token_id", UINT32, tokenizer.ids[IM_END])
    w.add("tokenizer.ggml.padding_token_id", UINT32, tokenizer.ids[ENDOFTEXT])
    w.add("tokenizer.ggml.add_bos_token", BOOL, False)
    w.add("tokenizer.ggml.add_eos_token", BOOL, False)
    w.add("tokenizer.chat_template", STRING, TEMPLATE)
    # RoPE is trained on interleaved pairs, which is what GGUF's llama means: q and k are written as they are.
    for name, parameter in model.named_parameters():
        w.add_tensor(name, parameter.detach().float().cpu().numpy())
    w.write(path)


def load(path):
    """(model with the dequantised weights, tokenizer)"""
    meta, tensors = gguf_reader.read(path)
    config = Config(
        vocab_size=meta["llama.vocab_size"], hidden_size=meta["llama.embedding_length"],
        intermediate_size=meta["llama.feed_forward_length"], num_layers=meta["llama.block_count"],
        num_heads=meta["llama.attention.head_count"], num_kv_heads=meta["llama.attention.head_count_kv"],
        head_dim=meta["llama.attention.key_length"], context=meta["llama.context_length"],
        rope_theta=meta["llama.rope.freq_base"], rms_norm_eps=meta["llama.attention.layer_norm_rms_epsilon"])
    model = Llama(config)
    model.load_state_dict({n: torch.tensor(t) for n, t in tensors.items()})
    tokenizer = Tokenizer(m.split(" ") for m in meta["tokenizer.ggml.merges"])
    return model.eval(), tokenizer
