"""gpt-oss: a mixture with biases, sinks, and a window in every other layer."""

from dataclasses import dataclass

from shape import Heads, Shape
from tensors import Tensor, matrix, router, vector

WINDOW = 128


@dataclass(frozen=True)
class GptOss(Shape):
    """Experts are as wide as the residual stream."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    experts: int
    used: int
    vocabulary: int
    architecture = "gpt-oss"

    def attention(self):
        windowed = Heads(self.heads, self.kv_heads, self.head_dim, WINDOW)
        full = Heads(self.heads, self.kv_heads, self.head_dim)
        return [full if index % 2 else windowed for index in range(self.layers)]

    def layer(self, index, kind):
        query, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        yield vector("attn_norm.weight", self.hidden)
        for name, rows, columns in (
            ("attn_q", query, self.hidden), ("attn_k", kv, self.hidden), ("attn_v", kv, self.hidden), ("attn_output", self.hidden, query),
        ):
            yield matrix(name + ".weight", rows, columns, kind)
            yield vector(name + ".bias", rows, 0)
        yield vector("attn_sinks.weight", self.heads)
        yield vector("post_attention_norm.weight", self.hidden)
        yield router("ffn_gate_inp.weight", self.experts, self.hidden)
        yield vector("ffn_gate_inp.bias", self.experts, 0)
        for name in ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"):
            yield matrix(name + ".weight", self.hidden, self.hidden, "MXFP4", experts=self.experts, used=self.used)
            yield Tensor(name + ".bias", self.experts, self.hidden, value=0)

    def keys(self):
        return [
            ("feed_forward_length", self.hidden), ("expert_feed_forward_length", self.hidden), ("expert_count", self.experts),
            ("expert_used_count", self.used), ("attention.head_count", self.heads), ("attention.head_count_kv", self.kv_heads),
            ("attention.key_length", self.head_dim), ("attention.value_length", self.head_dim), ("attention.sliding_window", WINDOW),
            ("attention.layer_norm_rms_epsilon", 1e-5), ("rope.dimension_count", self.head_dim), ("rope.freq_base", 150000.0),
            ("rope.scaling.type", "yarn"), ("rope.scaling.factor", 32.0), ("rope.scaling.original_context_length", 4096),
        ]
