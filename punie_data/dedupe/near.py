"""Near duplicates: pairs of shingles, MinHash by rensa, locality-sensitive buckets, and every candidate counted out exactly.

The buckets only propose: two rows are near when the Jaccard similarity of their pairs of neighbouring words reaches the threshold, and so
does that of the names that their answers hold, and they ask about the same names (see `content`). What is asked about is part of the bucket's
key, so that a thousand rows of one template are hardly ever compared with each other.
"""

import hashlib
import struct
from array import array
from collections.abc import Iterable, Sequence
from math import ceil, log
from typing import Any

import numpy as np

from punie_data.dedupe.content import MANY_NAMES, Content

_MISSED = 0.001
"""How many of the pairs that lie right on the threshold the buckets may miss."""
_MOST_HASHES = 128
_MOST_IN_A_BUCKET = 64
"""Rows that stay and that later rows of the bucket are compared with. More lie in one only where a template's rows differ in one plain word
each; comparing all of them with each other would take the square of their number.
"""
_CHUNK = 4096
_MOST_WAITING = 1 << 20
_TOKENS_REMEMBERED = 1 << 19
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_TURN = np.uint64(29)


def bands(threshold: float) -> tuple[int, int]:
    """(bands, rows a band) that miss at most one of a thousand pairs at the threshold, with the longest bands that 128 hashes allow."""
    best = (1, 1)
    for rows in range(1, _MOST_HASHES + 1):
        count = max(1, ceil(log(_MISSED) / log(1 - threshold**rows))) if threshold < 1 else 1
        if count * rows <= _MOST_HASHES:
            best = (count, rows)
    return best


class _Numbers(dict[str, int]):
    """Text → 64 bits, the same on every machine; remembered, since words repeat."""

    def __missing__(self, text: str) -> int:
        if len(self) >= _TOKENS_REMEMBERED:
            self.clear()
        number = self[text] = _hashed(text)
        return number


class _Lists:
    """Many short lists of numbers, of which 32 bits are kept, in one array."""

    def __init__(self) -> None:
        self._items, self._ends = array("I"), array("Q", [0])

    def append(self, items: Iterable[int]) -> None:
        self._items.extend([item & 0xFFFFFFFF for item in items])
        self._ends.append(len(self._items))

    def __getitem__(self, row: int) -> array:
        return self._items[self._ends[row] : self._ends[row + 1]]


class Shingles:
    """The rows' shingles and bucket keys, gathered row by row: about 4 bytes a word and 8 bytes a band."""

    def __init__(self, threshold: float, seed: int) -> None:
        self.threshold = threshold
        self.bands, self._band_rows = bands(threshold)
        self._seed = seed & 0xFFFFFFFFFFFFFFFF
        self._number = _Numbers()
        self._pairs = array("I")
        self._ends = array("Q", [0])
        self._answered, self._template = _Lists(), _Lists()
        self._results, self._said = array("Q"), array("Q")
        self._many: dict[int, frozenset[str]] = {}
        self._keys: list[np.ndarray] = []
        self._waiting: list[int] = []
        self._waiting_ends = [0]
        self._buckets: list[int] = []
        self._count = 0

    def add(self, content: Content) -> None:
        """The next row."""
        about = content.asked_about
        if len(about) > MANY_NAMES:
            self._many[self._count] = frozenset(about)
            about = [name for name in about if name.startswith("=")]
        number = self._number
        self._buckets.append(number["\x00".join(about)])
        self._waiting += [number[word] for word in content.words]
        self._waiting_ends.append(len(self._waiting))
        self._answered.append(number[name] for name in content.answered)
        self._template.append(number[word] for word in content.template)
        self._results.append(_hashed(content.results))
        self._said.append(_hashed(content.said))
        self._count += 1
        if len(self._waiting_ends) > _CHUNK or len(self._waiting) > _MOST_WAITING:
            self._flush()

    def finish(self) -> None:
        """No more rows come."""
        self._flush()
        self._number.clear()

    def _flush(self) -> None:
        """Shingle the rows that wait, all at once, and keep their bucket keys."""
        rows = len(self._waiting_ends) - 1
        if not rows:
            return
        import rensa

        words = np.array(self._waiting, dtype=np.uint64)
        ends = np.array(self._waiting_ends, dtype=np.int64)
        pairs, pair_ends = _neighbours(words, ends)
        matrix: Any = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            pairs, pair_ends.astype(np.uint64), self.bands * self._band_rows, self._seed
        )
        pack = struct.Struct(f"={self.bands * self._band_rows}I").pack
        hashes = np.frombuffer(b"".join(pack(*row) for row in matrix.to_rows()), dtype=np.uint32)
        buckets = np.array(self._buckets, dtype=np.uint64)
        self._keys.append(self._band_keys(hashes.reshape(rows, self.bands, self._band_rows), buckets))
        self._pairs.frombytes((pairs >> np.uint64(32)).astype(np.uint32).tobytes())
        base = self._ends[-1]
        self._ends.extend((pair_ends[1:] + base).tolist())
        self._waiting.clear()
        self._buckets.clear()
        self._waiting_ends = [0]

    def _band_keys(self, hashes: np.ndarray, buckets: np.ndarray) -> np.ndarray:
        keys = np.empty((len(hashes), self.bands), dtype=np.uint64)
        for band in range(self.bands):
            key = _mixed(buckets + np.uint64(band + 1))
            for column in range(self._band_rows):
                key = _mixed(key ^ hashes[:, band, column].astype(np.uint64))
            keys[:, band] = key
        return keys

    def similarity(self, one: int, other: int) -> float:
        """The Jaccard similarity of two rows' words, 0 where something forbids that they are near."""
        if self._results[one] != self._results[other] and self._said[one] != self._said[other]:
            return 0.0
        if (one in self._many) != (other in self._many):
            return 0.0
        if one in self._many and _jaccard(self._many[one], self._many[other]) < self.threshold:
            return 0.0
        if _one_word_apart(self._template[one], self._template[other]):
            return 0.0
        if _jaccard(frozenset(self._answered[one]), frozenset(self._answered[other])) < self.threshold:
            return 0.0
        return _jaccard(self._set(one), self._set(other))

    def _set(self, row: int) -> frozenset[int]:
        return frozenset(self._pairs[self._ends[row] : self._ends[row + 1]])

    def duplicates(self, order: Sequence[int]) -> Iterable[tuple[int, int, float]]:
        """(row, the row that stays, similarity) for every row that is near one that comes before it in `order` and stays itself."""
        keys = np.concatenate(self._keys) if self._keys else np.empty((0, self.bands), dtype=np.uint64)
        chosen = np.array(order, dtype=np.int64)
        keys = keys[chosen]
        shared = np.zeros(keys.shape, dtype=bool)
        for band in range(self.bands):
            column = keys[:, band]
            by_key = np.argsort(column, kind="stable")
            same = column[by_key][1:] == column[by_key][:-1]
            shared[by_key[1:][same], band] = True
            shared[by_key[:-1][same], band] = True
        stays: dict[int, list[int]] = {}
        for position in np.flatnonzero(shared.any(axis=1)).tolist():
            row = int(chosen[position])
            mine = keys[position, shared[position]].tolist()
            candidates = dict.fromkeys(other for key in mine for other in stays.get(key, ()))
            best, found = 0.0, -1
            for other in candidates:
                alike = self.similarity(row, other)
                if alike >= self.threshold and alike > best:
                    best, found = alike, other
            if found >= 0:
                yield row, found, best
            else:
                for key in mine:
                    bucket = stays.setdefault(key, [])
                    if len(bucket) < _MOST_IN_A_BUCKET:
                        bucket.append(row)


def _neighbours(words: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of neighbouring words, row by row, and where each row's end; a row of one word is a pair with itself."""
    lengths = np.diff(ends)
    counts = np.where(lengths > 1, lengths - 1, lengths)
    pair_ends = np.concatenate(([0], np.cumsum(counts)))
    starts = np.repeat(ends[:-1] - pair_ends[:-1], counts) + np.arange(pair_ends[-1])
    after = np.minimum(starts + 1, np.repeat(ends[1:], counts) - 1)
    return _mixed(_mixed(words[starts]) + words[after]), pair_ends


def _mixed(values: np.ndarray) -> np.ndarray:
    """Scrambled 64-bit numbers; overflow is meant."""
    values = values * _MULTIPLIER
    return (values ^ (values >> _TURN)) * _MULTIPLIER


def _one_word_apart(one: Sequence[int], other: Sequence[int]) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _hashed(text: str) -> int:
    """64 bits, the same on every machine."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _jaccard(one: frozenset[Any], other: frozenset[Any]) -> float:
    if not one and not other:
        return 1.0
    both = len(one & other)
    return both / (len(one) + len(other) - both)
