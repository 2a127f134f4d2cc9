"""Tensors of GGUF files: their formats, and how much of each a token takes part in."""

from dataclasses import dataclass, replace
from typing import NamedTuple


class Format(NamedTuple):
    """A format's number in GGUF, the weights of a block, and its bytes."""

    number: int
    weights: int
    bytes: int


FORMATS = {
    "F32": Format(0, 1, 4), "F16": Format(1, 1, 2), "Q4_0": Format(2, 32, 18), "Q8_0": Format(8, 32, 34), "Q4_K": Format(12, 256, 144),
    "MXFP4": Format(39, 32, 17),
}


@dataclass(frozen=True)
class Tensor:
    """`experts` matrices of `rows` by `columns`; where there are more than one, a token is multiplied with `used` of them."""

    name: str
    rows: int
    columns: int
    kind: str = "F32"
    experts: int = 1
    used: int = 1
    # Of float32: what its elements are, or what one after another is; None: uniformly random ones of standard deviation `spread`.
    value: object = 1.0
    spread: float = 0.0
    # An embedding is looked up, unless it is the last matrix, too.
    multiplied: bool = True

    def behind(self, prefix):
        return replace(self, name=prefix + self.name)

    @property
    def bytes(self):
        form = FORMATS[self.kind]
        return self.experts * self.rows * self.columns // form.weights * form.bytes

    @property
    def dimensions(self):
        """As GGUF has them, the fastest first."""
        if self.experts > 1:
            return self.columns, self.rows, self.experts
        return (self.columns,) if self.rows == 1 else (self.columns, self.rows)

    def bytes_read(self, tokens):
        """What `tokens` tokens read at least, whose experts differ as long as there are others."""
        return self.bytes * min(1, tokens * self.used / self.experts) if self.multiplied else 0

    @property
    def products(self):
        """Weights that each token is multiplied with."""
        return self.used * self.rows * self.columns if self.multiplied and self.kind != "F32" else 0


def matrix(name, rows, columns, kind, **more):
    """A matrix; rows that are no whole blocks take a format of shorter ones, as quantisers do."""
    return Tensor(name, rows, columns, kind if columns % FORMATS[kind].weights == 0 else "Q8_0", **more)


def vector(name, length, value=1.0):
    return Tensor(name, 1, length, value=value)


def router(name, rows, columns):
    """Scores of standard deviation 4 for inputs of 1: with near ties, rounding would choose other experts of equal weight."""
    return Tensor(name, rows, columns, value=None, spread=4 * columns**-0.5)
