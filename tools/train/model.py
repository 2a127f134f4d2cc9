"""The Llama architecture: RMSNorm, interleaved RoPE, grouped-query attention, SwiGLU, tied embeddings."""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    vocab_size: int = 2048
    hidden_size: int = 256
    intermediate_size: int = 704
    num_layers: int = 9
    num_heads: int = 4
    num_kv_heads: int = 2
    head_dim: int = 64
    context: int = 1024
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5

    def as_dict(self):
        return asdict(self)


class RmsNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight).to(x.dtype)


def rope_table(config):
    """(cos, sin) of shape [context, head_dim / 2]"""
    frequency = config.rope_theta ** (-torch.arange(0, config.head_dim, 2).double() / config.head_dim)
    angle = torch.outer(torch.arange(config.context).double(), frequency)
    return angle.cos().float(), angle.sin().float()


def rotate(x, cos, sin):
    """x: [batch, heads, length, head_dim]; pairs are (0, 1), (2, 3), …"""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2).to(x.dtype)


class Block(nn.Module):
    def __init__(self, c, dropout):
        super().__init__()
        self.c, self.dropout = c, dropout
        self.attn_norm, self.ffn_norm = RmsNorm(c.hidden_size, c.rms_norm_eps), RmsNorm(c.hidden_size, c.rms_norm_eps)
        self.attn_q = nn.Linear(c.hidden_size, c.num_heads * c.head_dim, bias=False)
        self.attn_k = nn.Linear(c.hidden_size, c.num_kv_heads * c.head_dim, bias=False)
        self.attn_v = nn.Linear(c.hidden_size, c.num_kv_heads * c.head_dim, bias=False)
        self.attn_output = nn.Linear(c.num_heads * c.head_dim, c.hidden_size, bias=False)
        self.ffn_gate = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.ffn_up = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.ffn_down = nn.Linear(c.intermediate_size, c.hidden_size, bias=False)

    def forward(self, x, cos, sin):
        c, (batch, length, _) = self.c, x.shape

        def heads(t, n):
            return t.view(batch, length, n, c.head_dim).transpose(1, 2)

        h = self.attn_norm(x)
        q = rotate(heads(self.attn_q(h), c.num_heads), cos, sin)
        k = rotate(heads(self.attn_k(h), c.num_kv_heads), cos, sin)
        v = heads(self.attn_v(h), c.num_kv_heads)
        group = c.num_heads // c.num_kv_heads
        a = F.scaled_dot_product_attention(q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), is_causal=True)
        a = self.attn_output(a.transpose(1, 2).reshape(batch, length, -1))
        x = x + F.dropout(a, self.dropout, self.training)
        h = self.ffn_norm(x)
        m = self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))
        return x + F.dropout(m, self.dropout, self.training)


class Llama(nn.Module):
    def __init__(self, config, dropout=0.0):
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocab_size, config.hidden_size)
        self.blk = nn.ModuleList(Block(config, dropout) for _ in range(config.num_layers))
        self.output_norm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        cos, sin = rope_table(config)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.apply(self._init)

    def _init(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)

    def hidden(self, ids):
        """ids: [batch, length] → [batch, length, hidden_size]"""
        length = ids.shape[1]
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x, self.cos[:length], self.sin[:length])
        return self.output_norm(x)

    def forward(self, ids):
        """Logits [batch, length, vocab_size]."""
        return F.linear(self.hidden(ids), self.token_embd.weight)
