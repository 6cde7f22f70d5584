"""Is a predicted call the one that was wanted? Typed comparison of arguments, with an explanation for each difference.

Two conventions are shipped. `OURS` is strict where it matters at run time: types are those of the signature, `True` is not 1, text is text; and
lenient where two spellings mean the same: paths, defaults that are left out or written out, the order of what is a set. `BFCL` is that of the
Berkeley Function-Calling Leaderboard's AST checker for Python, leniencies included, so that scores compare; a benchmark holds that the two
verdicts are the same. BFCL pairs parallel calls greedily; here the pairing is the best there is.
"""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Problem = Literal["malformed", "abstained", "count", "name", "missing", "unexpected", "type", "value"]
_NOTHING = ""
"""Among the values that BFCL allows, this one says that the argument may be left out."""
_BETWEEN_WORDS = re.compile(r"[ ,./\-_*^]")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "any": (str,),
    "integer": (int,),
    "number": (float, int),
    "float": (float,),
    "boolean": (bool,),
    "array": (list,),
    "tuple": (list,),
    "object": (dict,),
    "dict": (dict,),
    "null": (type(None),),
}


@dataclass(frozen=True, slots=True)
class Convention:
    """How values are compared. Each switch is a leniency; `BFCL` has those of its checker, and `OURS` none of them."""

    text: Callable[[str], str] = str
    """What two texts are compared by."""
    gold_types: bool = False
    """A value may be of another type than the signature's if the gold's is: BFCL takes it for a variable's name."""
    python_equality: bool = False
    """`True` is 1 and `1.0` is 1 inside lists and dictionaries."""
    alternatives_inside: bool = False
    """In a gold dictionary each key holds a list of allowed values, not a value."""
    empty_is_absent: bool = False
    """An empty list is as good as an argument that may be left out."""
    widen: bool = True
    """Where a float is wanted, an integer is one."""


def _words(text: str) -> str:
    """Without spaces and punctuation between words, in lower case: `April 1, 2024` is `april 1 2024`."""
    return _BETWEEN_WORDS.sub("", text).lower().replace("'", '"')


OURS = Convention()
BFCL = Convention(_words, gold_types=True, python_equality=True, alternatives_inside=True, empty_is_absent=True)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a signature. `path`: equivalent spellings of a path are equal; `unordered`: a list that is meant as a set."""

    type: str = "string"
    items: str = ""
    required: bool = False
    default: tuple[Any, ...] = ()
    """The default in a tuple, or nothing where there is none."""
    path: bool = False
    unordered: bool = False


Signature = Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Allowed:
    """The values that an argument may have, any of them; `optional` where it may be left out."""

    values: tuple[Any, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Gold:
    """A call that is wanted."""

    name: str
    arguments: Mapping[str, Allowed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Called:
    """A call that was made."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference. `place` is an argument's name, `call 2` or "", `message` a sentence for a person."""

    problem: Problem
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the calls are those that were wanted, and if not, each reason why."""

    mismatches: tuple[Mismatch, ...] = ()

    @property
    def matches(self) -> bool:
        return not self.mismatches

    @property
    def explanation(self) -> str:
        return "; ".join(one.message for one in self.mismatches)


def signature_of(schema: Mapping[str, Any], paths: frozenset[str] = frozenset(), sets: frozenset[str] = frozenset()) -> dict[str, Parameter]:  # fmt: skip
    """A signature of a JSON Schema object, or of BFCL's dialect of one. `paths` and `sets` name parameters; `uniqueItems` makes a set too."""
    required = schema.get("required") or ()
    found = {}
    for name, given in (schema.get("properties") or {}).items():
        types = given.get("type", "any")
        found[name] = Parameter(
            type=types if isinstance(types, str) else next((t for t in types if t != "null"), "any"),
            items=(given.get("items") or {}).get("type", ""),
            required=name in required,
            default=(given["default"],) if "default" in given else (),
            path=name in paths,
            unordered=name in sets or bool(given.get("uniqueItems")),
        )
    return found


def gold_of(name: str, arguments: Mapping[str, Any], signature: Signature) -> Gold:
    """The gold of a call that was really made: each value, and of what has a default, the default left out or written out."""
    wanted = {}
    for key, parameter in signature.items():
        if key in arguments:
            wanted[key] = Allowed((arguments[key],), parameter.default == (arguments[key],))
        elif parameter.default:
            wanted[key] = Allowed(parameter.default, True)
    wanted |= {key: Allowed((value,)) for key, value in arguments.items() if key not in signature}
    return Gold(name, wanted)


def bfcl_gold(answer: Mapping[str, Mapping[str, Sequence[Any]]]) -> Gold:
    """A gold call as BFCL writes it: `{name: {parameter: [value, …]}}`, where "" among the values lets the parameter be left out."""
    (name, arguments), *_ = answer.items()
    return Gold(name, {key: Allowed(tuple(values), _NOTHING in values) for key, values in arguments.items()})


def match_calls(
    predicted: Sequence[Called] | None,
    gold: Sequence[Gold],
    signatures: Mapping[str, Signature],
    convention: Convention = OURS,
    ordered: bool = False,
) -> Verdict:
    """Whether the predicted calls are the gold ones, in any order unless `ordered`. None for output that could not be read as calls.

    Malformed output is never an abstention: where no call is wanted (`gold` empty), it is wrong all the same (BFCL counts it as right, gorilla
    #1362).
    """
    if predicted is None:
        return Verdict((Mismatch("malformed", "", "the output could not be read as calls"),))
    if gold and not predicted:
        return Verdict((Mismatch("abstained", "", f"no call, and {len(gold)} wanted"),))
    if len(predicted) != len(gold):
        return Verdict((Mismatch("count", "", f"{len(predicted)} calls, and {len(gold)} wanted"),))
    table = [
        [match_call(call, one, signatures.get(one.name, {}), convention) for call in predicted]
        for one in gold
    ]
    pairs = {row: row for row in range(len(gold))} if ordered else _pairing(table)
    found: list[Mismatch] = []
    left = [column for column in range(len(predicted)) if column not in pairs.values()]
    for row, one in enumerate(gold):
        column = pairs.get(row)
        if column is None:
            # The nearest of the calls that nobody else has: what it lacks is what there is to tell.
            column = min(left, key=lambda at: _distance(table[row][at]))
            left.remove(column)
        place = f"call {column}" if len(gold) > 1 else ""
        for mismatch in table[row][column].mismatches:
            found.append(Mismatch(mismatch.problem, mismatch.place or place, f"{place}, for {one.name}: {mismatch.message}" if place else mismatch.message))  # fmt: skip
    return Verdict(tuple(found))


def _distance(verdict: Verdict) -> tuple[bool, int]:
    return any(one.problem == "name" for one in verdict.mismatches), len(verdict.mismatches)


def _pairing(table: list[list[Verdict]]) -> dict[int, int]:
    """The largest pairing of rows with columns that match (augmenting paths)."""
    owner: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for column, verdict in enumerate(table[row]):
            if not verdict.matches or column in tried:
                continue
            tried.add(column)
            if column not in owner or place(owner[column], tried):
                owner[column] = row
                return True
        return False

    for row in range(len(table)):
        place(row, set())
    return {row: column for column, row in owner.items()}


def match_call(predicted: Called, gold: Gold, signature: Signature, convention: Convention = OURS) -> Verdict:
    """Whether one call is the gold one. Every argument that differs is told, not only the first."""
    if predicted.name != gold.name:
        return Verdict((Mismatch("name", "", f"calls {predicted.name}, and {gold.name} was wanted"),))
    found: list[Mismatch] = []
    for name, value in predicted.arguments.items():
        if name not in signature or name not in gold.arguments:
            found.append(Mismatch("unexpected", name, f"{name} was not wanted"))
        else:
            trouble = _trouble(name, value, gold.arguments[name], signature[name], convention)
            if trouble is not None:
                found.append(trouble)
    required = {name for name, parameter in signature.items() if parameter.required}
    for name in sorted({*required, *gold.arguments} - set(predicted.arguments)):
        allowed = gold.arguments.get(name)
        if name in required or (allowed is not None and not allowed.optional):
            found.append(Mismatch("missing", name, f"{name} is missing"))
    return Verdict(tuple(found))


def _trouble(
    name: str, value: Any, allowed: Allowed, parameter: Parameter, convention: Convention
) -> Mismatch | None:
    wanted = _TYPES.get(parameter.type, ())
    if parameter.type == "tuple" and isinstance(value, tuple):
        value = list(value)
    if parameter.type == "float" and convention.widen and type(value) is int:
        value = float(value)
    of_gold = next((type(option) for option in allowed.values if option != _NOTHING), None)
    literal = convention.gold_types and of_gold is not None and of_gold not in wanted
    if type(value) in wanted or not wanted:
        if parameter.items and parameter.type in ("array", "tuple") and not _items_fit(value, allowed, parameter.items, convention):  # fmt: skip
            return Mismatch(
                "type", name, f"{name} holds items that are no {parameter.items}: {_shown(value)}"
            )
    elif convention.gold_types and type(value) is of_gold:
        literal = True
    else:
        return Mismatch("type", name, f"{name} should be {parameter.type}, and is {_shown(value)}")
    if literal:
        good = any(value == option for option in allowed.values)
    else:
        good = any(_fits(value, option, parameter, convention) for option in allowed.values)
    if good:
        return None
    shown = " or ".join(_shown(option) for option in allowed.values if option != _NOTHING) or "nothing"
    return Mismatch("value", name, f"{name} should be {shown}, and is {_shown(value)}")


def _items_fit(value: Any, allowed: Allowed, items: str, convention: Convention) -> bool:
    """Whether a list's items are of the type that the signature gives them, or, where the convention says so, of the gold's."""
    wanted = _TYPES.get(items, ())
    if not wanted:
        return True
    if not convention.gold_types:
        return all(type(item) in wanted for item in value)
    for option in allowed.values:
        if type(option) is not list:
            return True
        of_gold = next((type(item) for item in option if item != _NOTHING), None)
        if all(type(item) in wanted or type(item) is of_gold for item in value):
            return True
    return False


def _fits(value: Any, option: Any, parameter: Parameter, convention: Convention) -> bool:
    """Whether a value of the right type is the one that an option asks for."""
    if isinstance(value, dict):
        return isinstance(option, dict) and _same_fields(value, option, convention)
    if isinstance(value, list):
        if option == _NOTHING and convention.empty_is_absent:
            return not value
        if not isinstance(option, list) or len(value) != len(option):
            return False
        if parameter.unordered:
            return _same_set(value, option, parameter, convention)
        return all(_same_item(one, other, parameter, convention) for one, other in zip(value, option, strict=True))  # fmt: skip
    if parameter.path and isinstance(value, str) and isinstance(option, str):
        return _path(value) == _path(option)
    return _same(value, option, convention)


def _same_set(value: list[Any], option: list[Any], parameter: Parameter, convention: Convention) -> bool:
    left = list(option)
    for one in value:
        at = next((n for n, other in enumerate(left) if _same_item(one, other, parameter, convention)), None)
        if at is None:
            return False
        del left[at]
    return True


def _same_item(one: Any, other: Any, parameter: Parameter, convention: Convention) -> bool:
    if parameter.items in ("dict", "object") and isinstance(one, dict) and isinstance(other, dict):
        return _same_fields(one, other, convention)
    if parameter.path and isinstance(one, str) and isinstance(other, str):
        return _path(one) == _path(other)
    return _same(one, other, convention)


def _same_fields(value: dict[str, Any], option: dict[str, Any], convention: Convention) -> bool:
    if not convention.alternatives_inside:
        return _same(value, option, convention)
    return all(
        key in option and any(_same(one, other, convention) for other in option[key])
        for key, one in value.items()
    ) and all(key in value or _NOTHING in options for key, options in option.items())


def _same(one: Any, other: Any, convention: Convention) -> bool:
    """Equality, of texts by what the convention compares; below the first level texts are compared as they are."""
    if isinstance(one, str) and isinstance(other, str):
        return convention.text(one) == convention.text(other)
    if convention.python_equality:
        return one == other
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other, [convention] * len(one)))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key], convention) for key in one)
    return False


def _path(text: str) -> str:
    """A relative path's plainest spelling: `./a//b.py` is `a/b.py`."""
    return posixpath.normpath(text.replace("\\", "/")) if text else text


def _shown(value: Any, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
