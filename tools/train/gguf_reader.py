"""Reads back the files of gguf_writer, so that what is evaluated is what is shipped."""

import struct

import numpy as np

import q8_0
from gguf_writer import ALIGNMENT, ARRAY, BOOL, F32, FLOAT32, INT32, STRING, UINT32

_FORMATS = {UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}


class _Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        value = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value[0] if len(value) == 1 else value

    def string(self):
        length = self.take("<Q")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            item, count = self.take("<I"), self.take("<Q")
            return [self.value(item) for _ in range(count)]
        return self.take(_FORMATS[kind])


def read(path):
    """(metadata, {tensor name: float32 array, dequantised})"""
    with open(path, "rb") as file:
        cursor = _Cursor(file.read())
    magic, version, num_tensors, num_pairs = cursor.take("<4sIQQ")
    if (magic, version) != (b"GGUF", 3):
        raise ValueError(f"{path}: expected GGUF version 3, got {magic!r} version {version}")
    metadata = {}
    for _ in range(num_pairs):
        key = cursor.string()
        metadata[key] = cursor.value(cursor.take("<I"))
    table = []
    for _ in range(num_tensors):
        name = cursor.string()
        dims = [cursor.take("<Q") for _ in range(cursor.take("<I"))]
        table.append((name, dims[::-1], cursor.take("<I"), cursor.take("<Q")))
    start = cursor.at + -cursor.at % ALIGNMENT
    tensors = {}
    for name, shape, kind, offset in table:
        count = int(np.prod(shape))
        if kind == F32:
            tensors[name] = np.frombuffer(cursor.data, "<f4", count, start + offset).reshape(shape)
        else:
            size = count // q8_0.BLOCK * 34
            tensors[name] = q8_0.dequantise(cursor.data[start + offset : start + offset + size], shape)
    return metadata, tensors
