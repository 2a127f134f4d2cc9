"""Gemma 4 as a mixture: experts beside the feed-forward layer, a window in five of six layers, longer heads in the others."""

from dataclasses import dataclass

from shape import Heads, Shape
from tensors import matrix, router, vector

PERIOD, WINDOW = 6, 1024
HEAD, FULL_HEAD = 256, 512
ROTATED_PAIRS = 64


@dataclass(frozen=True)
class Gemma4(Shape):
    """`intermediate`: of the feed-forward layer; experts are `expert` wide."""

    hidden: int
    intermediate: int
    expert: int
    layers: int
    heads: int
    kv_heads: int
    full_kv_heads: int
    experts: int
    used: int
    vocabulary: int
    tied: bool = True
    architecture = "gemma4"

    def is_windowed(self, index):
        return (index + 1) % PERIOD != 0

    def attention(self):
        windowed, full = Heads(self.heads, self.kv_heads, HEAD, WINDOW), Heads(self.heads, self.full_kv_heads, FULL_HEAD)
        return [windowed if self.is_windowed(index) else full for index in range(self.layers)]

    def layer(self, index, kind):
        heads = self.attention()[index]
        query, kv = heads.queries * heads.width, heads.keys * heads.width
        yield vector("attn_norm.weight", self.hidden)
        yield matrix("attn_q.weight", query, self.hidden, kind)
        yield matrix("attn_k.weight", kv, self.hidden, kind)
        if self.is_windowed(index):  # In the others keys are values, too.
            yield matrix("attn_v.weight", kv, self.hidden, kind)
        yield vector("attn_q_norm.weight", heads.width, heads.width**-0.5)  # Scores have no scale in this family: the gain is one.
        yield vector("attn_k_norm.weight", heads.width)
        yield matrix("attn_output.weight", self.hidden, query, kind)
        yield vector("post_attention_norm.weight", self.hidden)
        yield vector("ffn_norm.weight", self.hidden)
        yield matrix("ffn_gate.weight", self.intermediate, self.hidden, kind)
        yield matrix("ffn_up.weight", self.intermediate, self.hidden, kind)
        yield matrix("ffn_down.weight", self.hidden, self.intermediate, kind)
        yield vector("post_ffw_norm_1.weight", self.hidden)
        yield from self.mixture(kind)
        yield vector("post_ffw_norm.weight", self.hidden)
        yield vector("layer_output_scale.weight", 1)

    def mixture(self, kind):
        crowd = {"experts": self.experts, "used": self.used}
        yield router("ffn_gate_inp.weight", self.experts, self.hidden)
        yield vector("ffn_gate_inp.scale", self.hidden, self.hidden**0.5)  # The family divides by as much.
        yield vector("pre_ffw_norm_2.weight", self.hidden)
        yield matrix("ffn_gate_up_exps.weight", 2 * self.expert, self.hidden, kind, **crowd)
        yield matrix("ffn_down_exps.weight", self.hidden, self.expert, kind, **crowd)
        yield vector("ffn_down_exps.scale", self.experts)
        yield vector("post_ffw_norm_2.weight", self.hidden)

    def extra(self):
        pairs = FULL_HEAD // 2
        yield vector("rope_freqs.weight", pairs, [1.0] * ROTATED_PAIRS + [1e30] * (pairs - ROTATED_PAIRS))

    def keys(self):
        layers = range(self.layers)
        return [
            ("feed_forward_length", self.intermediate), ("expert_count", self.experts), ("expert_used_count", self.used),
            ("expert_feed_forward_length", self.expert), ("embedding_length_per_layer_input", 0), ("attention.shared_kv_layers", 0),
            ("attention.head_count", self.heads), ("attention.head_count_kv", [heads.keys for heads in self.attention()]),
            ("attention.key_length", FULL_HEAD), ("attention.value_length", FULL_HEAD), ("attention.key_length_swa", HEAD),
            ("attention.value_length_swa", HEAD), ("attention.sliding_window", WINDOW),
            ("attention.sliding_window_pattern", [self.is_windowed(index) for index in layers]),
            ("attention.layer_norm_rms_epsilon", 1e-6), ("rope.dimension_count", FULL_HEAD), ("rope.dimension_count_swa", HEAD),
            ("rope.freq_base", 1e6), ("rope.freq_base_swa", 1e4), ("final_logit_softcapping", 30.0),
        ]
