"""The Q8_0 block format: 32 weights share one float16 scale, 34 bytes a block."""

import numpy as np

BLOCK = 32


def quantise(weights):
    """float array whose last dimension is a multiple of 32 → bytes"""
    blocks = np.ascontiguousarray(weights, np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    packed = np.empty(len(blocks), dtype=[("scale", "<f2"), ("weights", "i1", BLOCK)])
    packed["scale"] = scale[:, 0]
    packed["weights"] = np.rint(blocks * inverse)
    return packed.tobytes()


def dequantise(data, shape):
    packed = np.frombuffer(data, dtype=[("scale", "<f2"), ("weights", "i1", BLOCK)])
    return (packed["scale"].astype(np.float32)[:, None] * packed["weights"].astype(np.float32)).reshape(shape)
