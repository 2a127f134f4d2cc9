#!/usr/bin/env python3
"""Writes the codebooks of the IQ formats, and the digests that the CPU's decoders are tested against.

usage: tools/codebooks/make-tables.py LIBGGML_BASE.so

A codebook is part of its format's definition and follows no rule: it is read out of ggml's own decoder (its shared library, as NuGet's
LLamaSharp.Backend.Cpu or a distribution's package has it), one block for each entry. Written are
  shaders/include/weights/codebook_<name>.glsl    16 bits an entry, two to a word, for look-up by number
  src/VkInfer.Formats/Blocks/Codebooks.Data.cs    one bit for each vector that could be in it: entries ascend, so their order is known
  tests/VkInfer.Formats.Tests/block-digests.json  SHA-256 of what ggml decodes from seeded random blocks of every format
"""
import base64
import ctypes
import hashlib
import json
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
GGML = ctypes.CDLL(sys.argv[1])
DIGEST_BLOCKS = 300


def decode(name, blocks, count):
    """What ggml makes of blocks: `count` floats."""
    values = (ctypes.c_float * count)()
    getattr(GGML, "dequantize_row_" + name)(bytes(blocks), values, ctypes.c_int64(count))
    return list(values)


def half(value):
    return struct.pack("<e", value)


def words(values):
    return struct.pack(f"<{len(values)}H", *values)


def high_bits(indices, bits, per_part):
    """The bits above the eighth of the indices of each 32 weights, packed from the low end of a word on."""
    parts = [indices[i:i + per_part] for i in range(0, len(indices), per_part)]
    return [sum((index >> 8) << (bits * i) for i, index in enumerate(part)) for part in parts]


# Blocks whose scales make a decoded element the codebook's own number: name, ggml's format, size, dimensions, block of indices.
CODEBOOKS = [
    ("iq1", "iq1_s", 2048, 8, lambda x: half(1) + bytes(i & 255 for i in x) + words(high_bits(x, 3, 4))),
    ("iq2_xxs", "iq2_xxs", 256, 8, lambda x: half(8) + b"".join(bytes(x[i:i + 4]) + bytes(4) for i in range(0, 32, 4))),
    ("iq2_xs", "iq2_xs", 512, 8, lambda x: half(8) + words(x) + bytes(8)),
    ("iq2_s", "iq2_s", 1024, 8, lambda x: half(8) + bytes(i & 255 for i in x) + bytes(32) + bytes(high_bits(x, 2, 4)) + bytes(8)),
    ("iq3_xxs", "iq3_xxs", 256, 4, lambda x: half(4) + bytes(x) + bytes(32)),
    ("iq3_s", "iq3_s", 512, 4, lambda x: half(1) + bytes(i & 255 for i in x) + bytes(high_bits(x, 1, 8)) + bytes(36)),
]

# Elements of a block, bytes, and where bits are cleared so that scales stay finite.
BLOCKS = {
    "IQ1_S": (256, 50, {1: 0x40}), "IQ1_M": (256, 56, {55: 0x40}), "IQ2_XXS": (256, 66, {1: 0x40}), "IQ2_XS": (256, 74, {1: 0x40}),
    "IQ2_S": (256, 82, {1: 0x40}), "IQ3_XXS": (256, 98, {1: 0x40}), "IQ3_S": (256, 110, {1: 0x40}), "TQ1_0": (256, 54, {53: 0x40}),
    "TQ2_0": (256, 66, {65: 0x40}), "MXFP4": (32, 17, {0: 0x08}), "NVFP4": (64, 36, {}), "Q1_0": (128, 18, {1: 0x40}),
    "Q2_0": (64, 18, {1: 0x40}),
}


def levels(name, kind, size, dimensions, block):
    """The entries as numbers of levels, and what the levels are."""
    per_block = 256 // dimensions
    values = []
    for first in range(0, size, per_block):
        values += decode(kind, block(list(range(first, first + per_block))), 256)
    if name == "iq1":
        values = [value - 0.125 for value in values]
    steps = sorted(set(values))
    entries = [[steps.index(value) for value in values[i:i + dimensions]] for i in range(0, len(values), dimensions)]
    numbers = [sum(level * len(steps) ** i for i, level in enumerate(entry)) for entry in entries]
    assert numbers == sorted(set(numbers)) and len(numbers) == size, name
    return entries, numbers, [int(step) for step in steps]


def write_glsl(name, entries, steps):
    bits = 16 // len(entries[0])
    packed = [sum(level << (bits * i) for i, level in enumerate(entry)) for entry in entries]
    pairs = [packed[i] | packed[i + 1] << 16 for i in range(0, len(packed), 2)]
    rows = [", ".join(f"0x{word:08X}u" for word in pairs[i:i + 8]) for i in range(0, len(pairs), 8)]
    text = f"// The codebook of {name.upper()}, {len(entries)} vectors of {len(entries[0])} levels of {bits} bits, two to a word;\n"
    text += f"// level i stands for number i of {', '.join(map(str, steps))}. Written by tools/codebooks/make-tables.py.\n"
    text += f"const uint CODEBOOK[{len(pairs)}] = uint[](\n    " + ",\n    ".join(rows) + ");\n"
    (ROOT / f"shaders/include/weights/codebook_{name}.glsl").write_text(text)


def csharp(name, numbers, dimensions, steps):
    map_bits = bytearray((len(steps) ** dimensions + 7) // 8)
    for number in numbers:
        map_bits[number // 8] |= 1 << (number % 8)
    text = base64.b64encode(bytes(map_bits)).decode()
    lines = [text[i:i + 112] for i in range(0, len(text), 112)]
    joined = "\"\n        + \"".join(lines)
    title = "".join(part.upper() if i == 0 else part.upper() for i, part in enumerate(name.split("_", 1)))
    return f"    private const string {title.replace('_', '')}Bits =\n        \"{joined}\";\n"


def random_blocks(kind):
    """Seeded bytes, the upper ones of a 64-bit linear congruential generator; the tests make the same."""
    _, size, cleared = BLOCKS[kind]
    state = sum(ord(letter) for letter in kind)
    data = bytearray()
    for i in range(size * DIGEST_BLOCKS):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        data.append((state >> 56) & ~cleared.get(i % size, 0))
    return data


def main():
    members = []
    for name, kind, size, dimensions, block in CODEBOOKS:
        entries, numbers, steps = levels(name, kind, size, dimensions, block)
        write_glsl(name, entries, steps)
        members.append(csharp(name, numbers, dimensions, steps))
    (ROOT / "src/VkInfer.Formats/Blocks/Codebooks.Data.cs").write_text(
        "namespace VkInfer.Formats.Blocks;\n\n// Written by tools/codebooks/make-tables.py.\ninternal static partial class Codebooks\n{\n"
        + "\n".join(members) + "}\n")
    digests = {}
    for kind, (elements, _, cleared) in BLOCKS.items():
        values = decode(kind.lower(), random_blocks(kind), elements * DIGEST_BLOCKS)
        data = struct.pack(f"<{len(values)}f", *values)
        digests[kind] = {
            "cleared": {str(at): bits for at, bits in cleared.items()},
            "blocks": DIGEST_BLOCKS,
            "first": [f"{word:08x}" for word in struct.unpack("<8I", data[:32])],
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    (ROOT / "tests/VkInfer.Formats.Tests/block-digests.json").write_text(json.dumps(digests, indent=2) + "\n")


main()
