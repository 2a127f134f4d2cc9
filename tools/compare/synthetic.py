#!/usr/bin/env python3
"""Writes a GGUF file of a known shape with random weights, for peers that cannot make their own."""

import argparse
import dataclasses
import pathlib

import gguf
from shapes import SHAPES

FILE_TYPES = {"F16": 1, "Q4_0": 2, "Q8_0": 7, "Q4_K": 14}
CONTEXT = 131072


def tokenizer(count):
    """SentencePiece's kind: a byte for each byte, and words that nobody says."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    tokens += [f"t{i}" for i in range(count - len(tokens))]
    return [
        ("tokenizer.ggml.model", "llama"), ("tokenizer.ggml.tokens", tokens), ("tokenizer.ggml.scores", [float(-i) for i in range(count)]),
        ("tokenizer.ggml.token_type", [2, 3, 3] + [6] * 256 + [1] * (count - 259)), ("tokenizer.ggml.bos_token_id", 1),
        ("tokenizer.ggml.eos_token_id", 2), ("tokenizer.ggml.unknown_token_id", 0),
    ]


def write(path, shape, kind):
    own = [
        ("context_length", CONTEXT), ("embedding_length", shape.hidden), ("block_count", shape.layers), ("vocab_size", shape.vocabulary),
        *shape.keys(),
    ]
    keys = [("general.architecture", shape.architecture), ("general.name", "synthetic"), ("general.file_type", FILE_TYPES[kind])]
    keys += [(f"{shape.architecture}.{key}", value) for key, value in own]
    gguf.write(path, keys + tokenizer(shape.vocabulary), list(shape.tensors(kind)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("kind", choices=FILE_TYPES)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--layers", type=int, help="fewer than the shape has, to see whether a peer knows it")
    parser.add_argument("--vocabulary", type=int, help="another number of tokens, at least 260")
    parser.add_argument("--experts", type=int, help="another number of experts, of a mixture")
    arguments = parser.parse_args()
    others = {"layers": arguments.layers, "vocabulary": arguments.vocabulary, "experts": arguments.experts}
    shape = dataclasses.replace(SHAPES[arguments.shape], **{name: value for name, value in others.items() if value})
    write(arguments.file, shape, arguments.kind)


if __name__ == "__main__":
    main()
