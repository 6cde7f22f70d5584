"""Names as words: taking them apart, putting them together, and the words that take the place of a repository's own."""

import functools
import math
import re
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from random import Random

from punie_data.resources import PACKAGE

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
SHORTEST = 3
"""A word of fewer letters stays: `x` and `db` are nobody's memory."""
_KEPT = """
test tests is has get set to from of in on at by for with without and or not as if no all any new old the an add id init main setup teardown error
errors exception exceptions warning async str int float bool bytes list dict tuple json html http https url uri xml utf base abc mixin type types
class func function method name value key path file line self cls args kwargs default none true false py pytest
"""
KEPT = frozenset(_KEPT.split())
"""Words that carry a convention or a meaning of Python's: a name keeps them."""


_VERBS = """
get fetch find make create build parse remove delete load run execute check validate handle process format render compute calculate update resolve convert
normalize read write save print show display iter split join merge extract register send open close encode decode ensure generate
"""
VERBS = frozenset(_VERBS.split())
_ENDINGS = """
Manager Handler Config Settings Options Factory Builder Service Provider Result Info Context Parser Formatter Client Request Response Protocol
"""
ENDINGS = frozenset(_ENDINGS.split())
_CONSTANTS = "MAX MIN RE REGEX DIR PATH TIMEOUT SIZE COUNT NAME MAP MAPPING URL CHARS OPTS ATTR VERSION KEYS"
CONSTANTS = frozenset(_CONSTANTS.split())


@functools.cache
def outside() -> frozenset[str]:
    """Names that Python, pytest or a convention may mean as well."""
    return frozenset(_words("outside.txt"))


@functools.cache
def made_up() -> tuple[str, ...]:
    """Every word that can take another's place, sorted: plain ones, and a head with a tail ("stonebridge"), of our own list."""
    text = (PACKAGE / "renaming" / "words.txt").read_text(encoding="utf-8")
    heads, tails, plain = (part.split("\n", 1)[1].split() for part in text.split("# ")[1:])
    joined = {head + tail for head in heads for tail in tails if head != tail and head[-1] != tail[0]}
    return tuple(sorted(joined.union(heads, tails, plain)))


def _words(name: str) -> list[str]:
    lines = (PACKAGE / "renaming" / name).read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def parts_of(name: str) -> list[str]:
    """`_SafeTimed_key2` is ["_", "Safe", "Timed", "_", "key", "2"]: joined they are the name again."""
    found = []
    at = 0
    for match in _PART.finditer(name):
        if match.start() > at:
            found.append(name[at : match.start()])
        found.append(match[0])
        at = match.end()
    return [*found, name[at:]] if at < len(name) else found


def words_of(name: str) -> list[str]:
    """Its words in small letters that may be replaced."""
    return [part.lower() for part in parts_of(name) if is_word(part.lower())]


def is_word(part: str) -> bool:
    return len(part) >= SHORTEST and part.isascii() and part.isalpha() and part not in KEPT


def in_words(name: str, words: Mapping[str, str]) -> str:
    """The name with each word replaced by the one that stands for it, in the same case. Beside others, a verb in front and an ending that says what
    kind of thing it is stay: `load_cart` and `CartError` are as ordinary afterwards.
    """
    parts = parts_of(name)
    mapped = [at for at, part in enumerate(parts) if part.lower() in words]
    if len(mapped) > 1:
        mapped = [
            at for at in mapped if not _is_conventional(parts[at], at == mapped[0], at == mapped[-1])
        ] or mapped
    return "".join(
        _cased(part, words[part.lower()]) if at in mapped else part for at, part in enumerate(parts)
    )


def all_words(name: str, words: Mapping[str, str]) -> str:
    """A name, or a text, with every word replaced that can be."""
    return "".join(_cased(part, words.get(part.lower(), part)) for part in parts_of(name))


def _is_conventional(part: str, first: bool, last: bool) -> bool:
    if part.isupper():
        return part in CONSTANTS
    return (first and (part in VERBS or part.removesuffix("s") in VERBS)) or (last and part in ENDINGS)


def _cased(part: str, word: str) -> str:
    if part.isupper() and len(part) > 1:
        return word.upper()
    if part == word:
        return part
    return word.capitalize() if part[0].isupper() else word


def replacements(
    words: Iterable[str], taken: Iterable[str], anchors: Sequence[Iterable[str]], chance: Random
) -> dict[str, str]:
    """A word of our list for each, no two alike and none that is taken.

    As far as there is room, each begins with the letter that it stands for and the order is the same, also beside `anchors`, which are words that
    stay (sets of them: the last is given up first): what sorts names then sorts the new ones alike, so that a repository and its renamed twin
    are walked through in the same order. The words are about as long as those that they stand for: a model that copies names has no more to
    write, and few lines get too long. A plural is the plural of its singular's.
    """
    wanted = sorted(set(words))
    plurals = {word for word in wanted if word.endswith("s") and word[:-1] in set(wanted)}
    free = sorted(set(made_up()) - set(taken))
    found: dict[str, str] = {}
    late: list[str] = []
    for letter in sorted({word[0] for word in wanted}):
        group = [word for word in wanted if word[0] == letter and word not in plurals]
        pool = [word for word in free if word[0] == letter]
        for count in range(len(anchors), -1, -1):
            fixed = sorted({each for some in anchors[:count] for each in some if each[:1] == letter})
            drawn = _between(group, pool, fixed, chance)
            if drawn is not None:
                found |= drawn
                break
        else:
            late += group
    left = sorted(set(free) - set(found.values()))
    found |= zip(late, _drawn(left, len(late), chance), strict=True)
    return found | {word: f"{found[word[:-1]]}s" for word in sorted(plurals)}


def _between(
    group: Sequence[str], pool: Sequence[str], fixed: Sequence[str], chance: Random
) -> dict[str, str] | None:
    """New words for a group, in its order and on the same side of each fixed one; None where there aren't enough."""
    found: dict[str, str] = {}
    for low, high in pairwise(["", *fixed, "\U0010ffff"]):
        some = [word for word in group if low <= word < high]
        room = [word for word in pool if low < word < high]
        if len(room) < len(some):
            return None
        found |= zip(some, _in_order(some, room, chance), strict=True)
    return found


def _in_order(words: Sequence[str], pool: Sequence[str], chance: Random) -> list[str]:
    """A rising choice from a sorted pool, one for each word, with as little difference in length as there can be; of equal ones chance takes one.

    A longer word counts three times: it makes lines too long. Dynamic programming over (word, place in the pool).
    """
    best = [0.0] * (len(pool) + 1)
    """By place: the least cost of the words so far when none of them stands at that place or behind."""
    steps: list[list[int]] = []
    for word in words:
        costs = [math.inf]
        taken = [-1]
        for place, other in enumerate(pool):
            more = len(other) - len(word)
            cost = best[place] + (3.0 * more if more > 0 else -more) + 0.9 * chance.random()
            better = cost < costs[-1]
            costs.append(cost if better else costs[-1])
            taken.append(place if better else taken[-1])
        best = costs
        steps.append(taken)
    chosen: list[str] = []
    end = len(pool)
    for taken in reversed(steps):
        end = taken[end]
        chosen.append(pool[end])
    return chosen[::-1]


def _drawn(pool: Sequence[str], count: int, chance: Random) -> list[str]:
    """So many of the pool, in its order; where it is too small, with a number behind."""
    drawn: list[str] = []
    for word in chance.sample(pool, min(count, len(pool))):
        insort(drawn, word)
    return drawn + [f"{pool[number % len(pool)]}{'xyz'[number // len(pool) % 3]}" for number in range(count - len(drawn))]  # fmt: skip
