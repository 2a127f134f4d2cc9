#!/usr/bin/env python3
"""Draws the packages' icon, a wedge of ascending bars on a dark tile, and writes it as a PNG: tools/icon/make.py src/icon.png"""
import struct
import sys
import zlib

SIZE = 128
SAMPLES = 4  # per axis and pixel, so that edges are smooth
TILE, RADIUS = (0x1B, 0x1F, 0x3B), 24
LOW, HIGH = (0x3F, 0xB8, 0xAF), (0xFF, 0x8C, 0x42)
BARS = [(20, 40), (42, 64), (64, 92), (86, 56)]  # left edge, height
BAR_WIDTH, BASE = 18, 108


def color_at(x, y):
    """The color of a point, or None outside the tile."""
    dx = max(RADIUS - x, x - (SIZE - RADIUS), 0)
    dy = max(RADIUS - y, y - (SIZE - RADIUS), 0)
    if dx * dx + dy * dy > RADIUS * RADIUS:
        return None
    for left, height in BARS:
        if left <= x < left + BAR_WIDTH and BASE - height <= y < BASE:
            share = (BASE - y) / 92
            return tuple(low + (high - low) * share for low, high in zip(LOW, HIGH))
    return TILE


def pixel(column, row):
    """Red, green, blue and alpha of a pixel."""
    offsets = [(i + 0.5) / SAMPLES for i in range(SAMPLES)]
    seen = [color_at(column + dx, row + dy) for dy in offsets for dx in offsets]
    inside = [color for color in seen if color is not None]
    if not inside:
        return (0, 0, 0, 0)
    mean = (round(sum(color[i] for color in inside) / len(inside)) for i in range(3))
    return (*mean, round(255 * len(inside) / len(seen)))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows = b"".join(b"\0" + bytes(v for column in range(SIZE) for v in pixel(column, row)) for row in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    with open(sys.argv[1], "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


main()
