"""Writes GGUF version 3: header, key-value pairs, tensor table, aligned tensor data."""

import struct

import numpy as np

import q8_0

ALIGNMENT = 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9  # value types
F32, Q8_0 = 0, 8  # tensor types


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _scalar(kind, value):
    if kind == STRING:
        return _string(value)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


class GgufWriter:
    def __init__(self):
        self._pairs, self._tensors = [], []

    def add(self, key, kind, value):
        self._pairs.append(_string(key) + struct.pack("<I", kind) + _scalar(kind, value))

    def add_array(self, key, kind, values):
        body = b"".join(_scalar(kind, v) for v in values)
        self._pairs.append(_string(key) + struct.pack("<IIQ", ARRAY, kind, len(values)) + body)

    def add_tensor(self, name, weights):
        """Matrices become Q8_0, vectors F32. weights: [rows, columns] or [columns]; GGUF lists columns first."""
        if weights.ndim == 1:
            kind, data = F32, np.ascontiguousarray(weights, "<f4").tobytes()
        else:
            kind, data = Q8_0, q8_0.quantise(weights)
        self._tensors.append((name, weights.shape[::-1], kind, data))

    def write(self, path):
        header = b"GGUF" + struct.pack("<IQQ", 3, len(self._tensors), len(self._pairs)) + b"".join(self._pairs)
        offset, body = 0, []
        for name, dims, kind, data in self._tensors:
            header += _string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
            padded = data + bytes(-len(data) % ALIGNMENT)
            offset += len(padded)
            body.append(padded)
        with open(path, "wb") as file:
            file.write(header + bytes(-len(header) % ALIGNMENT))
            file.writelines(body)
