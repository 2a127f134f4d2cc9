"""Decoders of Llama's kind."""

from dataclasses import dataclass

from shape import Heads, Shape
from tensors import matrix, vector


@dataclass(frozen=True)
class Llama(Shape):
    """Names as in a Hugging Face config.json."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool = False
    architecture = "llama"

    @property
    def head_dim(self):
        return self.hidden // self.heads

    def attention(self):
        return [Heads(self.heads, self.kv_heads, self.head_dim)] * self.layers

    def layer(self, index, kind):
        kv = self.kv_heads * self.head_dim
        yield vector("attn_norm.weight", self.hidden)
        yield matrix("attn_q.weight", self.hidden, self.hidden, kind)
        yield matrix("attn_k.weight", kv, self.hidden, kind)
        yield matrix("attn_v.weight", kv, self.hidden, kind)
        yield matrix("attn_output.weight", self.hidden, self.hidden, kind)
        yield vector("ffn_norm.weight", self.hidden)
        yield matrix("ffn_gate.weight", self.intermediate, self.hidden, kind)
        yield matrix("ffn_up.weight", self.intermediate, self.hidden, kind)
        yield matrix("ffn_down.weight", self.hidden, self.intermediate, kind)

    def keys(self):
        return [
            ("feed_forward_length", self.intermediate), ("attention.head_count", self.heads), ("attention.head_count_kv", self.kv_heads),
            ("attention.layer_norm_rms_epsilon", 1e-5), ("rope.dimension_count", self.head_dim),
        ]
