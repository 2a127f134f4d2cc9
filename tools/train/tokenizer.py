"""Byte-level BPE: training, encoding with optional merge dropout, decoding. Pure Python, deterministic."""

import collections
import heapq
import random
import re

ENDOFTEXT, IM_START, IM_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
TOOLS, TOOLS_END = "<tools>", "</tools>"
TOOL_CALL, TOOL_CALL_END = "<tool_call>", "</tool_call>"
TOOL_RESPONSE, TOOL_RESPONSE_END = "<tool_response>", "</tool_response>"
SPECIAL = [ENDOFTEXT, IM_START, IM_END, TOOLS, TOOLS_END, TOOL_CALL, TOOL_CALL_END, TOOL_RESPONSE, TOOL_RESPONSE_END]  # ids from 0 on

# Text between two of these marks is encoded as one token per character: the model writes
# letters one by one where it has to think about letters.
LETTERS = "\x01"

# Text between two of these marks is encoded as behind a space, without that space: what a user wrote in a sentence is then
# copied token by token, also where a quotation mark stands before it.
COPIED = "\x02"

_MARKED = re.compile(f"({LETTERS}[^{LETTERS}]*{LETTERS}|{COPIED}[^{COPIED}]*{COPIED})")

# The pre-tokenizer that GGUF calls "qwen2" (every digit stands alone), in terms of Python's re.
_PRETOKEN = re.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    r"|(?:[^\r\n\w]|_)?[^\W\d_]+"
    r"|\d"
    r"| ?(?:[^\s\w]|_)+[\r\n]*"
    r"|\s*[\r\n]+"
    r"|\s+(?!\S)"
    r"|\s+"
)


def _byte_characters():
    """GPT-2's printable stand-in for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        if byte in printable:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


BYTE_TO_CHAR = _byte_characters()
CHAR_TO_BYTE = {c: b for b, c in BYTE_TO_CHAR.items()}


def pretokens(text):
    return _PRETOKEN.findall(text)


def _symbols(pretoken):
    return [BYTE_TO_CHAR[b] for b in pretoken.encode()]


def plain(text):
    """The text as a reader sees it, without the marks."""
    return text.replace(LETTERS, "").replace(COPIED, "")


def train_merges(counts, num_merges):
    """Learns merges from {pretoken: count}. Ties are broken by the pair itself, so that the result is reproducible."""
    words = [(_symbols(w), n) for w, n in sorted(counts.items())]
    pair_count, where = collections.Counter(), collections.defaultdict(set)
    for index, (symbols, n) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pair_count[pair] += n
            where[pair].add(index)
    heap = [(-n, pair) for pair, n in pair_count.items()]
    heapq.heapify(heap)
    merges = []
    while heap and len(merges) < num_merges:
        negative, pair = heapq.heappop(heap)
        if pair_count[pair] != -negative:
            continue  # an outdated entry; the current count has its own
        if negative >= 0:
            break
        merges.append(pair)
        changed = set()
        for index in where.pop(pair):
            symbols, n = words[index]
            for old in zip(symbols, symbols[1:]):
                pair_count[old] -= n
                changed.add(old)
            merged, i = [], 0
            while i < len(symbols):
                if i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == pair:
                    merged.append(symbols[i] + symbols[i + 1])
                    i += 2
                else:
                    merged.append(symbols[i])
                    i += 1
            words[index] = (merged, n)
            for new in zip(merged, merged[1:]):
                pair_count[new] += n
                where[new].add(index)
                changed.add(new)
        for old in sorted(changed):
            if pair_count[old] > 0:
                heapq.heappush(heap, (-pair_count[old], old))
    return merges


class Tokenizer:
    """A vocabulary of the special tokens, the 256 bytes, and one token per merge."""

    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        self.tokens = SPECIAL + [BYTE_TO_CHAR[b] for b in range(256)] + [a + b for a, b in self.merges]
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        if len(self.ids) != len(self.tokens):
            raise ValueError("two merges make the same token")
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self._cache = {}

    def __len__(self):
        return len(self.tokens)

    def _merge(self, symbols, rng=None, dropout=0.0):
        while len(symbols) > 1:
            best, at = None, -1
            for i, pair in enumerate(zip(symbols, symbols[1:])):
                rank = self.rank.get(pair)
                if rank is not None and (best is None or rank < best) and not (rng and rng.random() < dropout):
                    best, at = rank, i
            if best is None:
                break
            symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
        return [self.ids[s] for s in symbols]

    def encode(self, text, rng: random.Random | None = None, dropout=0.0):
        """Ids of ordinary text (special tokens are added by name, never parsed from text)."""
        ids = []
        for part in _MARKED.split(text):
            if part.startswith(LETTERS):
                ids.extend(self.ids[BYTE_TO_CHAR[b]] for b in part.strip(LETTERS).encode())
                continue
            if part.startswith(COPIED):
                first, *rest = self.encode(" " + part.strip(COPIED))
                ids.extend(self._merge(list(self.tokens[first][1:])) + rest)
                continue
            for pretoken in pretokens(part):
                if rng is not None:
                    ids.extend(self._merge(_symbols(pretoken), rng, dropout))
                    continue
                known = self._cache.get(pretoken)
                if known is None:
                    known = self._cache[pretoken] = self._merge(_symbols(pretoken))
                ids.extend(known)
        return ids

    def decode(self, ids):
        text = bytearray()
        for i in ids:
            token = self.tokens[i]
            text += token.encode() if i < len(SPECIAL) else bytes(CHAR_TO_BYTE[c] for c in token)
        return text.decode(errors="replace")
