"""Qwen3.5 and 3.6: the gated delta rule in three of four layers, dense or as a mixture with an expert for all tokens."""

from dataclasses import dataclass

from shape import Heads, Shape
from tensors import Tensor, matrix, router, vector

PERIOD, TAPS = 4, 4
HEAD, ROTATED = 256, 64
STATE = 128


@dataclass(frozen=True)
class Qwen35(Shape):
    """`intermediate`: of the feed-forward layer, or of an expert."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    key_states: int
    value_states: int
    vocabulary: int
    experts: int = 0
    used: int = 0

    @property
    def architecture(self):
        return "qwen35moe" if self.experts else "qwen35"

    @property
    def channels(self):
        return (2 * self.key_states + self.value_states) * STATE

    def attends(self, index):
        return (index + 1) % PERIOD == 0

    def attention(self):
        return [Heads(self.heads, self.kv_heads, HEAD) for index in range(self.layers) if self.attends(index)]

    def state_bytes(self):
        recurrent = self.layers - len(self.attention())
        return 4 * recurrent * (self.value_states * STATE * STATE + (TAPS - 1) * self.channels)

    def layer(self, index, kind):
        yield vector("attn_norm.weight", self.hidden)
        yield from self.attending(kind) if self.attends(index) else self.recurrent(kind)
        yield vector("post_attention_norm.weight", self.hidden)
        yield from self.mixture(kind) if self.experts else self.dense("", kind)

    def attending(self, kind):
        query, kv = self.heads * HEAD, self.kv_heads * HEAD
        yield matrix("attn_q.weight", 2 * query, self.hidden, kind)  # With gates.
        yield matrix("attn_k.weight", kv, self.hidden, kind)
        yield matrix("attn_v.weight", kv, self.hidden, kind)
        yield vector("attn_q_norm.weight", HEAD)
        yield vector("attn_k_norm.weight", HEAD)
        yield matrix("attn_output.weight", self.hidden, query, kind)

    def recurrent(self, kind):
        values = self.value_states * STATE
        yield matrix("attn_qkv.weight", self.channels, self.hidden, kind)
        yield matrix("attn_gate.weight", values, self.hidden, kind)
        yield matrix("ssm_beta.weight", self.value_states, self.hidden, kind)
        yield matrix("ssm_alpha.weight", self.value_states, self.hidden, kind)
        yield Tensor("ssm_conv1d.weight", self.channels, TAPS, value=0.5)
        yield vector("ssm_a", self.value_states, -1)
        yield vector("ssm_dt.bias", self.value_states)
        yield vector("ssm_norm.weight", STATE)
        yield matrix("ssm_out.weight", self.hidden, values, kind)

    def dense(self, suffix, kind):
        yield matrix(f"ffn_gate{suffix}.weight", self.intermediate, self.hidden, kind)
        yield matrix(f"ffn_up{suffix}.weight", self.intermediate, self.hidden, kind)
        yield matrix(f"ffn_down{suffix}.weight", self.hidden, self.intermediate, kind)

    def mixture(self, kind):
        crowd = {"experts": self.experts, "used": self.used}
        yield router("ffn_gate_inp.weight", self.experts, self.hidden)
        yield matrix("ffn_gate_exps.weight", self.intermediate, self.hidden, kind, **crowd)
        yield matrix("ffn_up_exps.weight", self.intermediate, self.hidden, kind, **crowd)
        yield matrix("ffn_down_exps.weight", self.hidden, self.intermediate, kind, **crowd)
        yield router("ffn_gate_inp_shexp.weight", 1, self.hidden)
        yield from self.dense("_shexp", kind)

    def keys(self):
        width = [("feed_forward_length", self.intermediate)]
        if self.experts:
            width = [
                ("expert_count", self.experts), ("expert_used_count", self.used), ("expert_feed_forward_length", self.intermediate),
                ("expert_shared_feed_forward_length", self.intermediate),
            ]
        return width + [
            ("attention.head_count", self.heads), ("attention.head_count_kv", self.kv_heads), ("attention.key_length", HEAD),
            ("attention.value_length", HEAD), ("attention.layer_norm_rms_epsilon", 1e-6), ("rope.dimension_count", ROTATED),
            ("rope.dimension_sections", [11, 11, 10, 0]), ("rope.freq_base", 1e7), ("full_attention_interval", PERIOD),
            ("ssm.conv_kernel", TAPS), ("ssm.state_size", STATE), ("ssm.group_count", self.key_states),
            ("ssm.time_step_rank", self.value_states), ("ssm.inner_size", self.value_states * STATE),
        ]
