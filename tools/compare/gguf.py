"""Writes GGUF files of random weights."""

import struct

import numpy as np

from tensors import FORMATS

ALIGNMENT = 32
CHUNK = 1 << 26
STRING, ARRAY = 8, 9


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def packed(value):
    """A value's type in GGUF, and its bytes."""
    if isinstance(value, str):
        return STRING, text(value)
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    kind = {str: STRING, bool: 7, int: 5, float: 6}[type(value[0])]
    if kind == STRING:
        body = b"".join(map(text, value))
    else:
        body = np.array(value, {7: "?", 5: "<i4", 6: "<f4"}[kind]).tobytes()
    return ARRAY, struct.pack("<IQ", kind, len(value)) + body


def blocks(kind, random):
    """CHUNK bytes or so of valid random weights with a standard deviation of about 0.02."""
    size = FORMATS[kind].bytes
    if kind == "F16":
        return (random.standard_normal(CHUNK // size, np.float32) * 0.02).astype("<f2").tobytes()
    made = random.integers(0, 256, (CHUNK // size, size), np.uint8)
    if kind == "MXFP4":
        made[:, 0] = 120  # 2⁻⁷
        return made.tobytes()
    made[:, 0:2] = np.frombuffer(np.float16({"Q4_0": 0.004, "Q8_0": 0.0003, "Q4_K": 0.0001}[kind]).tobytes(), np.uint8)
    if kind == "Q4_K":
        # 7.5 times as much, so that weights have no mean: with one, all tokens would come to look alike and choose the same experts.
        made[:, 2:4] = np.frombuffer(np.float16(0.00075).tobytes(), np.uint8)
    return made.tobytes()


class Filler:
    """Random blocks of one format, which come again after CHUNK bytes; each tensor goes on behind the one before, so that layers differ."""

    def __init__(self, kind, random):
        self.data = memoryview(blocks(kind, random))
        self.at = 0

    def write(self, file, count):
        while count > 0:
            part = self.data[self.at:self.at + count]
            file.write(part)
            count -= len(part)
            self.at = (self.at + len(part)) % len(self.data)


def floats(tensor, random):
    count = tensor.bytes // 4
    if tensor.value is None:
        range_ = tensor.spread * 3**0.5
        return random.uniform(-range_, range_, count).astype("<f4")
    return np.broadcast_to(np.array(tensor.value, "<f4"), count)


def write(path, keys, tensors):
    """`keys`: pairs of a name and a value, whose type says GGUF's; lists are arrays of integers with a sign."""
    infos, offset = b"", 0
    for tensor in tensors:
        dimensions = tensor.dimensions
        infos += text(tensor.name) + struct.pack(
            f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, FORMATS[tensor.kind].number, offset)
        offset += -(-tensor.bytes // ALIGNMENT) * ALIGNMENT
    random = np.random.default_rng(1)
    fillers = {kind: Filler(kind, random) for kind in {tensor.kind: None for tensor in tensors} if kind != "F32"}
    with open(path, "wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)))
        for key, value in keys:
            kind, body = packed(value)
            file.write(text(key) + struct.pack("<I", kind) + body)
        file.write(infos)
        file.write(bytes(-file.tell() % ALIGNMENT))
        for tensor in tensors:
            if tensor.kind == "F32":
                file.write(floats(tensor, random).tobytes())
            else:
                fillers[tensor.kind].write(file, tensor.bytes)
            file.write(bytes(-file.tell() % ALIGNMENT))
