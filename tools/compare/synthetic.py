"""Writes GGUF files of Llama's shape with random weights, for peers that cannot make their own."""

import struct

import numpy as np

from work import SHAPES

TYPES = {"F32": (0, 1, 4), "F16": (1, 1, 2), "Q4_0": (2, 32, 18), "Q8_0": (8, 32, 34), "Q4_K": (12, 256, 144)}
FILE_TYPES = {"F16": 1, "Q4_0": 2, "Q8_0": 7, "Q4_K": 14}
ALIGNMENT = 32
CHUNK = 1 << 26


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def size(kind, rows, columns):
    _, block, block_bytes = TYPES[kind]
    return rows * columns // block * block_bytes


def pattern(kind, random):
    """CHUNK bytes or so of valid random weights; a larger matrix repeats them, which no product notices."""
    _, block, block_bytes = TYPES[kind]
    if kind == "F16":
        return (random.standard_normal(CHUNK // 2, np.float32) * 0.02).astype("<f2").tobytes()
    blocks = random.integers(0, 256, (CHUNK // block_bytes, block_bytes), np.uint8)
    blocks[:, 0:2] = np.frombuffer(np.float16({"Q4_0": 0.004, "Q8_0": 0.0003, "Q4_K": 0.0001}[kind]).tobytes(), np.uint8)
    if kind == "Q4_K":
        blocks[:, 2:4] = np.frombuffer(np.float16(0.0008).tobytes(), np.uint8)
    return blocks.tobytes()


def tensors(shape, kind):
    kv = shape.kv_heads * shape.head_dim
    yield "token_embd.weight", shape.vocabulary, shape.hidden, kind
    for layer in range(shape.layers):
        for name, rows, columns in (
            ("attn_q", shape.hidden, shape.hidden), ("attn_k", kv, shape.hidden), ("attn_v", kv, shape.hidden),
            ("attn_output", shape.hidden, shape.hidden), ("ffn_gate", shape.intermediate, shape.hidden),
            ("ffn_up", shape.intermediate, shape.hidden), ("ffn_down", shape.hidden, shape.intermediate),
        ):
            yield f"blk.{layer}.{name}.weight", rows, columns, kind
        yield f"blk.{layer}.attn_norm.weight", 1, shape.hidden, "F32"
        yield f"blk.{layer}.ffn_norm.weight", 1, shape.hidden, "F32"
    yield "output_norm.weight", 1, shape.hidden, "F32"
    if not shape.tied:
        yield "output.weight", shape.vocabulary, shape.hidden, kind


def metadata(shape, kind):
    vocabulary = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    vocabulary += [f"t{i}" for i in range(shape.vocabulary - len(vocabulary))]
    types = [2, 3, 3] + [6] * 256 + [1] * (shape.vocabulary - 259)
    pairs = [("general.architecture", "llama"), ("general.name", "synthetic"), ("tokenizer.ggml.model", "llama")]
    numbers = [
        ("general.file_type", FILE_TYPES[kind]), ("llama.context_length", 131072), ("llama.embedding_length", shape.hidden),
        ("llama.block_count", shape.layers), ("llama.feed_forward_length", shape.intermediate),
        ("llama.attention.head_count", shape.heads), ("llama.attention.head_count_kv", shape.kv_heads),
        ("llama.rope.dimension_count", shape.head_dim), ("llama.vocab_size", shape.vocabulary),
        ("tokenizer.ggml.bos_token_id", 1), ("tokenizer.ggml.eos_token_id", 2), ("tokenizer.ggml.unknown_token_id", 0),
    ]
    body = [text(key) + struct.pack("<I", 8) + text(value) for key, value in pairs]
    body += [text(key) + struct.pack("<II", 4, value) for key, value in numbers]
    body.append(text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-5))
    count = len(vocabulary)
    body.append(text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, count) + b"".join(map(text, vocabulary)))
    body.append(text("tokenizer.ggml.scores") + struct.pack("<IIQ", 9, 6, count) + np.arange(0, -count, -1, np.float32).tobytes())
    body.append(text("tokenizer.ggml.token_type") + struct.pack("<IIQ", 9, 5, count) + np.array(types, "<i4").tobytes())
    return body


def write(path, shape_name, kind):
    shape = SHAPES[shape_name]
    listed, offset, infos = list(tensors(shape, kind)), 0, b""
    for name, rows, columns, element in listed:
        dimensions = (columns,) if rows == 1 else (columns, rows)
        infos += text(name) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, TYPES[element][0], offset)
        offset += -(-size(element, rows, columns) // ALIGNMENT) * ALIGNMENT
    pairs = metadata(shape, kind)
    random = np.random.default_rng(1)
    filler = pattern(kind, random)
    with open(path, "wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(listed), len(pairs)) + b"".join(pairs) + infos)
        file.write(bytes(-file.tell() % ALIGNMENT))
        for _, rows, columns, element in listed:
            left = size(element, rows, columns)
            if element == "F32":
                file.write(np.ones(columns, "<f4").tobytes())
            while element != "F32" and left > 0:
                left -= file.write(memoryview(filler)[:min(left, len(filler))])
            file.write(bytes(-file.tell() % ALIGNMENT))
