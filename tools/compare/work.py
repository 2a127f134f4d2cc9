"""What is compared: one row for each figure that VkInfer publishes, with the bytes and operations that bound it."""

from dataclasses import dataclass

BLOCK_BITS = {"F16": 16.0, "Q8_0": 8.5, "Q4_0": 4.5, "Q4_K": 4.5}


@dataclass(frozen=True)
class Shape:
    """A decoder of Llama's kind; names as in a Hugging Face config.json."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool = False

    @property
    def head_dim(self):
        return self.hidden // self.heads

    @property
    def layer_weights(self):
        attention = self.hidden * self.hidden * 2 + 2 * self.hidden * self.kv_heads * self.head_dim
        return attention + 3 * self.hidden * self.intermediate

    @property
    def weights(self):
        """Weights that every token multiplies: the embedding is only looked up."""
        return self.layers * self.layer_weights + self.vocabulary * self.hidden

    def cache_bytes(self, tokens):
        """Keys and values in float16."""
        return 2 * 2 * self.layers * self.kv_heads * self.head_dim * tokens


SHAPES = {
    "llama2-7b": Shape(4096, 11008, 32, 32, 32, 32000),
    "llama3-8b": Shape(4096, 14336, 32, 32, 8, 128256),
    "llama3.2-1b": Shape(2048, 8192, 16, 32, 8, 128256, tied=True),
}


@dataclass(frozen=True)
class Work:
    """Prompts of `prompt` tokens, or `generate` decode steps of `batch` sequences, behind `depth` tokens."""

    shape: str
    weights: str
    prompt: int = 0
    generate: int = 0
    depth: int = 0
    batch: int = 1

    @property
    def name(self):
        kind = f"prefill {self.prompt}" if self.prompt else "decode"
        crowd = f", {self.batch} sequences" if self.batch > 1 else ""
        behind = f" behind {self.depth}" if self.depth else ""
        return f"{self.shape} {self.weights} {kind}{crowd}{behind}"

    def limit(self, bytes_per_second, flops_per_second):
        """Tokens a second that memory and arithmetic allow: all weights and caches read once, all products at the matrix rate."""
        shape = SHAPES[self.shape]
        tokens = self.prompt or self.batch
        read = shape.weights * BLOCK_BITS[self.weights] / 8 + self.batch * shape.cache_bytes(self.depth)
        attended = self.depth + (self.prompt / 2 if self.prompt else 0)
        # A prompt needs the logits of its last token alone.
        products = tokens * shape.layers * shape.layer_weights + (1 if self.prompt else tokens) * shape.vocabulary * shape.hidden
        flops = 2 * products + tokens * 4 * shape.layers * shape.heads * shape.head_dim * attended
        return tokens / max(read / bytes_per_second, flops / flops_per_second)


def prompts(shape, weights, *lengths):
    return [Work(shape, weights, prompt=length) for length in lengths]


def decode(shape, weights, depth=0, batch=1, tokens=64):
    return Work(shape, weights, generate=tokens, depth=depth, batch=batch)


# Each part stays under nine minutes on an H200.
PARTS = {
    "7b-f16": [
        decode("llama2-7b", "F16"),
        *prompts("llama2-7b", "F16", 1024, 512, 256, 128, 64, 32, 16),
        decode("llama2-7b", "F16", 128, 8), decode("llama2-7b", "F16", 128, 32), decode("llama2-7b", "F16", 8192, 8, 32),
    ],
    "7b-blocks": [
        work for weights in ("Q8_0", "Q4_0", "Q4_K") for work in (decode("llama2-7b", weights), *prompts("llama2-7b", weights, 1024))
    ],
    "1b": [work for weights in ("F16", "Q4_K") for work in (decode("llama3.2-1b", weights), *prompts("llama3.2-1b", weights, 2048))],
    "8b-long": [decode("llama3-8b", "F16", 16384), *prompts("llama3-8b", "F16", 512, 2048, 16384, 32768)],
}
