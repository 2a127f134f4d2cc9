"""What is compared: one row for each figure that VkInfer publishes, with the bytes and operations that bound it."""

from dataclasses import dataclass

from shapes import SHAPES

LAST = ("output.weight", "token_embd.weight")


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
        """Tokens a second that memory and arithmetic allow: weights, caches and states read once, all products at the matrix rate."""
        shape = SHAPES[self.shape]
        tensors = list(shape.tensors(self.weights))
        tokens = self.prompt or self.batch
        read = sum(tensor.bytes_read(tokens) for tensor in tensors)
        read += self.batch * (shape.cache_bytes(self.depth) + 2 * shape.state_bytes())  # States are written, too.
        attended = self.depth + (self.prompt / 2 if self.prompt else 0)
        products = sum(tensor.products for tensor in tensors if tensor.name not in LAST)
        last = sum(tensor.products for tensor in tensors if tensor.name in LAST)
        # A prompt needs the logits of its last token alone.
        flops = 2 * (tokens * products + (1 if self.prompt else tokens) * last) + tokens * shape.attention_flops(attended)
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
    # Experts of gpt-oss are in MXFP4.
    "mixtures": [
        work for shape, weights in (("gpt-oss-20b", "Q8_0"), ("qwen3.6-35b-a3b", "Q4_K"), ("gemma4-26b-a4b", "Q4_K"))
        for work in (decode(shape, weights), *prompts(shape, weights, 1024))
    ] + [decode("qwen3.6-27b", "Q4_K"), *prompts("qwen3.6-27b", "Q4_K", 1024, 512)],
}
