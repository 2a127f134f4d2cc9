#!/usr/bin/env python3
"""Writes the table of Unicode properties that the expressions of VkInfer.Tokenization name and .NET does not know.

.NET knows general categories; scripts, blocks, derived properties and case foldings come from the Unicode Character Database, as
Debian's package unicode-data installs it: version 16 or later, of which what came after 16, the version of .NET 10 and of
Oniguruma 6.9.10, is left out. Usage:
tools/unicode/make-properties.py [/usr/share/unicode] > src/VkInfer.Tokenization/Unicode/properties.bin

Layout, before deflate; numbers are little-endian, code points three bytes:
  u16 n, u16 s, n x (u8 length, ASCII name, u16 runs, runs x (first, last))
                                                   properties, the first s of them scripts; names in lower case without -, _ and spaces
                                                   age8 and age9 are what Unicode 8 and 9 had assigned
  u16 n, n x (u8 length, ASCII name, u16 index)    other names of them
  u16 n, n x (code point, folded)                  simple case foldings (status C and S)
"""
import re
import sys
import zlib
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode")
LINE = re.compile(r"^([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*([^;#]+?)\s*(?:[;#].*)?$")


VERSION = 16


def key(name):
    return re.sub(r"[-_ ]", "", name).lower()


def point(c):
    return c.to_bytes(3, "little")


def text(name):
    return bytes([len(name)]) + name.encode("ascii")


AGES = [(float(m[3]), int(m[1], 16), int(m[2] or m[1], 16)) for m in map(LINE.match, (ROOT / "DerivedAge.txt").read_text("utf-8").splitlines()) if m]
KNOWN = set(range(0x110000)) - {c for age, first, last in AGES if age > VERSION for c in range(first, last + 1)}


def read(name, prefix=""):
    found = {}
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if match := LINE.match(line):
            first = int(match[1], 16)
            last = int(match[2] or match[1], 16)
            runs = [(c, c) for c in range(first, last + 1) if c in KNOWN] if not prefix else [(first, last)]
            found.setdefault(prefix + key(match[3]), []).extend(runs)
    return {name: runs for name, runs in found.items() if runs}


def merged(runs):
    result = []
    for first, last in sorted(runs):
        if result and result[-1][1] >= first - 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


scripts = read("Scripts.txt")
binary = read("PropList.txt") | read("DerivedCoreProperties.txt") | read("emoji/emoji-data.txt")
binary = {name: runs for name, runs in binary.items() if name not in ("incb", "extendedpictographic")}
ages = {f"age{version}": [(first, last) for age, first, last in AGES if age <= version] for version in (8, 9)}
properties = scripts | binary | read("Blocks.txt", "in") | ages
names = sorted(scripts) + sorted(set(properties) - set(scripts))

aliases = {}
for file, kinds in (("PropertyValueAliases.txt", ("sc",)), ("PropertyAliases.txt", ())):
    for line in (ROOT / file).read_text("utf-8").splitlines():
        parts = [key(part) for part in line.split("#")[0].split(";")]
        if kinds:
            if len(parts) < 3 or parts[0] not in kinds:
                continue
            parts = parts[1:]
        known = [part for part in parts if part in properties]
        if len(parts) >= 2 and known:
            aliases |= {part: known[0] for part in parts if part and part not in properties}

folds = []
for line in (ROOT / "CaseFolding.txt").read_text("utf-8").splitlines():
    parts = [part.strip() for part in line.split("#")[0].split(";")]
    if len(parts) >= 3 and parts[1] in "CS" and int(parts[0], 16) in KNOWN:
        folds.append((int(parts[0], 16), int(parts[2], 16)))

data = len(names).to_bytes(2, "little") + len(scripts).to_bytes(2, "little")
for name in names:
    runs = merged(properties[name])
    data += text(name) + len(runs).to_bytes(2, "little") + b"".join(point(first) + point(last) for first, last in runs)

data += len(aliases).to_bytes(2, "little")
for alias, name in sorted(aliases.items()):
    data += text(alias) + names.index(name).to_bytes(2, "little")

data += len(folds).to_bytes(2, "little") + b"".join(point(c) + point(folded) for c, folded in folds)
compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
sys.stdout.buffer.write(compressor.compress(data) + compressor.flush())
