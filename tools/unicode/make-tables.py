#!/usr/bin/env python3
"""Writes the tables of Unicode normalization that VkInfer.Tokenization embeds.

.NET normalises through the system's ICU and leaves text as it is where there is none or globalization is invariant; token ids must
not depend on that. Usage: tools/unicode/make-tables.py > src/VkInfer.Tokenization/Unicode/normalization.bin

Layout, before deflate; numbers are little-endian, code points three bytes:
  u16 n, n x (code point, u8 length, length code points)   full canonical decompositions, without Hangul
  u16 n, n x (the same)                                    full compatibility decompositions where they are others
  u16 n, n x (first, second, composite)                    primary compositions, without Hangul
  u16 n, n x (first, last, u8 class)                       runs of equal canonical combining class other than 0
"""
import sys
import unicodedata
import zlib

HANGUL = range(0xAC00, 0xAC00 + 11172)
ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and c not in HANGUL]


def point(c):
    return c.to_bytes(3, "little")


def table(rows):
    return len(rows).to_bytes(2, "little") + b"".join(rows)


def decompositions(form, unless):
    rows = []
    for c in ALL:
        text = unicodedata.normalize(form, chr(c))
        if text != chr(c) and text != unless(chr(c)):
            rows.append(point(c) + bytes([len(text)]) + b"".join(point(ord(x)) for x in text))
    return rows


def compositions():
    rows = []
    for c in ALL:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) == 2 and parts[0][0] != "<" and unicodedata.normalize("NFC", chr(c)) == chr(c):
            rows.append(b"".join(point(int(part, 16)) for part in parts) + point(c))
    return rows


def classes():
    runs = []
    for c in ALL:
        kind = unicodedata.combining(chr(c))
        if kind and runs and runs[-1][1] == c - 1 and runs[-1][2] == kind:
            runs[-1][1] = c
        elif kind:
            runs.append([c, c, kind])
    return [point(first) + point(last) + bytes([kind]) for first, last, kind in runs]


data = (
    table(decompositions("NFD", lambda c: None))
    + table(decompositions("NFKD", lambda c: unicodedata.normalize("NFD", c)))
    + table(compositions())
    + table(classes())
)
deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
sys.stdout.buffer.write(deflate.compress(data) + deflate.flush())
