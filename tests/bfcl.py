"""BFCL's own checker and data, out of its wheel, and mutated answers for it. Nothing of it is ours to keep: it is fetched where pip can."""

import copy
import io
import json
import random
import subprocess
import sys
import types
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "2026.3.23"
CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple", "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One question: its functions' descriptions and the gold calls."""

    id: str
    category: str
    functions: list[dict[str, Any]]
    gold: list[dict[str, Any]]


def wheel(cache: Path) -> Path | None:
    """The wheel in the cache folder, fetched if need be; None where it can't be had."""
    cache.mkdir(parents=True, exist_ok=True)
    found = next(cache.glob(f"bfcl_eval-{VERSION}-*.whl"), None)
    if found is None:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", str(cache), f"bfcl-eval=={VERSION}"]  # fmt: skip
        try:
            subprocess.run(command, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        found = next(cache.glob(f"bfcl_eval-{VERSION}-*.whl"), None)
    return found


class Peer:
    """BFCL's checker, run from its own source file; only what it imports of its package's models is replaced."""

    def __init__(self, archive: Path) -> None:
        self._archive = zipfile.ZipFile(archive)
        space: dict[str, Any] = {
            "Language": types.SimpleNamespace(PYTHON="python", JAVA="java", JAVASCRIPT="javascript"),
            "MODEL_CONFIG_MAPPING": {"ours": types.SimpleNamespace(underscore_to_dot=False)},
        }
        text = self._archive.read("bfcl_eval/eval_checker/ast_eval/ast_checker.py").decode()
        head, _, body = text.partition("#### Constants ####")
        exec(compile("import re\n" + "\n" * head.count("\n") + body, "ast_checker.py", "exec"), space)
        self._check = space["ast_checker"]

    def accepts(self, case: Case, calls: list[dict[str, Any]]) -> bool | None:
        """Its verdict, None where it raises."""
        try:
            found = self._check(
                case.functions, copy.deepcopy(calls), case.gold, "python", case.category, "ours"
            )
        except Exception:
            return None
        return bool(found["valid"])

    def cases(self) -> Iterator[Case]:
        for category in CATEGORIES:
            gold = {
                row["id"]: row["ground_truth"]
                for row in self._rows(f"possible_answer/BFCL_v4_{category}.json")
            }
            for row in self._rows(f"BFCL_v4_{category}.json"):
                yield Case(row["id"], category, row["function"], gold[row["id"]])

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        with self._archive.open(f"bfcl_eval/data/{name}") as file:
            for line in io.TextIOWrapper(file, "utf-8"):
                if line.strip():
                    yield json.loads(line)


def plain(options: list[Any]) -> Any:
    """The first of the allowed values that is one; in a dictionary each key's first."""
    value = next((option for option in options if option != ""), "")
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if isinstance(inner, list)}
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [{k: plain(v) if isinstance(v, list) else v for k, v in item.items()} for item in value]
    return copy.deepcopy(value)


def right(case: Case) -> list[dict[str, Any]]:
    """An answer that should be accepted."""
    return [
        {name: {key: plain(options) for key, options in arguments.items() if options != [""]}}
        for call in case.gold
        for name, arguments in call.items()
    ]


def mutations(case: Case, count: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """`count` answers made of the right one, most of them wrong in one place; the same ones for the same case."""
    chance = random.Random(f"bfcl:{case.id}")
    for _ in range(count):
        answer = copy.deepcopy(right(case))
        kind = chance.choice(("call", "argument", "argument", "argument", "argument", "option"))
        if kind == "call":
            yield _change_calls(answer, chance)
            continue
        place = chance.randrange(len(answer))
        (name, arguments), *_ = answer[place].items()
        if not arguments:
            yield "unexpected", [{name: {"surplus": 1}}]
            continue
        key = chance.choice(sorted(arguments))
        if kind == "option":
            arguments[key] = plain([chance.choice(case.gold[place][name][key] or [""])])
            yield "option", answer
            continue
        what, arguments[key] = _change(arguments[key], chance)
        if what == "dropped":
            del arguments[key]
        yield what, answer


def _change_calls(answer: list[dict[str, Any]], chance: random.Random) -> tuple[str, list[dict[str, Any]]]:
    what = chance.choice(("none", "one more", "one less", "shuffled", "renamed", "surplus", "doubled"))
    (name, arguments), *_ = answer[0].items()
    if what == "none":
        return what, []
    if what == "one more":
        return what, [*answer, copy.deepcopy(answer[0])]
    if what == "one less":
        return what, answer[1:]
    if what == "shuffled":
        chance.shuffle(answer)
    elif what == "renamed":
        answer[0] = {chance.choice((name + "_", name.upper(), name.replace(".", "_") + "x")): arguments}
    elif what == "surplus":
        arguments["surplus"] = chance.choice((1, "x", None))
    else:
        answer[-1] = copy.deepcopy(answer[0])
    return what, answer


def _change(value: Any, chance: random.Random) -> tuple[str, Any]:
    """Another value: of another type, spelt another way, or simply another."""
    changes: list[tuple[str, Any]] = [("dropped", None), ("null", None), ("text", str(value)), ("listed", [value]), ("empty", ""), ("empty list", []), ("empty object", {})]  # fmt: skip
    if isinstance(value, bool):
        changes += [("flipped", not value), ("number", int(value)), ("word", str(value).lower())]
    elif isinstance(value, int | float):
        changes += [("other", value + 1), ("float", float(value)), ("rounded", int(value)), ("negative", -value), ("truth", bool(value))]  # fmt: skip
    elif isinstance(value, str):
        changes += [("case", value.upper()), ("spaces", value.replace(" ", "_")), ("points", f"{value}."), ("quotes", value.replace("'", '"')),
                    ("other", value + "x"), ("cut", value[:-1]), ("swapped", value[::-1]), ("hyphens", "-".join(value.split()))]  # fmt: skip
    elif isinstance(value, list):
        changes += [("reversed", value[::-1]), ("cut", value[:-1]), ("longer", [*value, *value[:1]]), ("tuple", tuple(value))] * 2  # fmt: skip
        if value:
            what, inner = _change(value[0], chance)
            changes += [(f"item {what}", [inner, *value[1:]])] * 6
    elif isinstance(value, dict):
        changes += [("more", value | {"surplus": 1})]
        for key in value:
            what, inner = _change(value[key], chance)
            changes += [
                (f"field {what}", value | {key: inner}),
                ("less", {k: v for k, v in value.items() if k != key}),
            ]
    return chance.choice(changes)
