"""What files and limits ask of a model's shape."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from tensors import matrix, vector


@dataclass(frozen=True)
class Heads:
    """Attention of one layer; `window`: the positions that it sees at most."""

    queries: int
    keys: int
    width: int
    window: int = 1 << 31


class Shape(ABC):
    """A decoder; its dataclass has hidden, layers, vocabulary and tied."""

    architecture: str
    tied = False

    @abstractmethod
    def attention(self):
        """The heads of each layer that attends."""

    @abstractmethod
    def layer(self, index, kind):
        """The tensors of a layer, without its prefix."""

    @abstractmethod
    def keys(self):
        """Keys of the architecture beside those that all have, without its prefix."""

    def state_bytes(self):
        """What recurrent layers know of a sequence."""
        return 0

    def extra(self):
        """Tensors of no layer beside those that all have."""
        return []

    def tensors(self, kind):
        yield matrix("token_embd.weight", self.vocabulary, self.hidden, kind, multiplied=self.tied)
        for index in range(self.layers):
            for tensor in self.layer(index, kind):
                yield tensor.behind(f"blk.{index}.")
        yield vector("output_norm.weight", self.hidden)
        if not self.tied:
            yield matrix("output.weight", self.vocabulary, self.hidden, kind)
        yield from self.extra()

    def cache_bytes(self, tokens):
        """Keys and values in float16 that a step behind `tokens` tokens reads."""
        return sum(2 * 2 * heads.keys * heads.width * min(tokens, heads.window) for heads in self.attention())

    def attention_flops(self, attended):
        """Operations of a token that attends to so many."""
        return sum(4 * heads.queries * heads.width * min(attended, heads.window) for heads in self.attention())
