"""BFCL, the Berkeley Function-Calling Leaderboard, from the files of its wheel (`bfcl-eval`) or its repository: a suite of its single turns.

    BFCL_v4_simple_python.json                   {"id", "question": [[message, …]], "function": [{"name", "description", "parameters"}]} a line
    possible_answer/BFCL_v4_simple_python.json   {"id", "ground_truth": [{"get_weather": {"city": ["Oslo", "Oslo, Norway"], "unit": ["C", ""]}}]} a line

Nothing of the package is run. A gold conversation keeps one of the values that an argument may have; the others go into the manifest (`benchmark`).
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from punie_data.errors import UserError
from punie_data.evaluate.benchmark import parameters_of
from punie_data.evaluate.published import Published
from punie_data.importing.conversation import Conversation, SpokenCall, Turn, Unconvertible
from punie_data.importing.messages import turns_of
from punie_data.importing.record import Source
from punie_data.importing.signatures import signatures_of
from punie_data.scorers.arguments import BFCL, Called, Signature, bfcl_gold, match_calls, signature_of

CALLS = (
    "simple_python", "simple", "multiple", "parallel", "parallel_multiple",
    "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple",
)  # fmt: skip
"""Categories in which calls are wanted; `simple` is what v3 calls `simple_python`."""
NO_CALLS = ("irrelevance", "live_irrelevance")
"""Categories in which no call is right."""
REFUSAL = "I can't do that: none of the tools I have fits."
"""The gold answer where no call is right: BFCL gives none."""
REFUSED = "BFCL's own checker takes no answer for right"
_LEFT_OUT = (
    (re.compile(r"multi_turn_\w+"), "calls of several turns would have to be run on BFCL's own simulations"),
    (re.compile(r"(?:memory|web_search)\w*"), "its tools would have to be run: memories and searches"),
    (re.compile(r"simple_(?:java|javascript)|java|javascript"), "the calls are not Python's"),
    (re.compile(r"live_relevance"), "it has no gold calls: any call is right"),
    (re.compile(r"exec_\w+|rest"), "the calls would have to be run"),
    (re.compile(r"format_sensitivity"), "it asks other categories' questions in other words"),
    (re.compile(r"\w+"), "a category that is not known here"),
)
_NAME = re.compile(r"(?:.*/)?BFCL_(v\d+)_(\w+)\.json")
_FOLDERS = ("", "data", "bfcl_eval/data", "berkeley-function-call-leaderboard/bfcl_eval/data")
_LARGEST = 256 * 1024 * 1024
"""Bytes of one file: the largest of BFCL has four million."""
Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Files:
    """BFCL's files, wherever they are: category → file name, and how one is read. `digest` is that of all that are there."""

    version: str
    questions: Mapping[str, str]
    answers: Mapping[str, str]
    read: Read


def import_bfcl(source: Path, out: Path, categories: Sequence[str] | None = None) -> dict[str, Any]:
    """Write the suite; the manifest is returned. UserError where the files are not BFCL's, are damaged, or have no such category."""
    files = found(source)
    wanted = _wanted(files, categories)
    published = Published(
        Source("bfcl", _revision(files, wanted), "Apache-2.0"),
        {"name": "bfcl", "version": files.version, "categories": list(wanted), "answers": {}},
    )
    if categories is None:
        for name in sorted(set(files.questions) - set(wanted)):
            if count := _count(files, name):
                published.dropped[f"{name}: {left_out(name)}"] += count
    for name in wanted:
        golds = _golds(files, name)
        for number, row in _rows(files, files.questions[name]):
            _add(published, name, number, row, golds)
    return published.write(out, f"BFCL {files.version}'s single turns in Python: {', '.join(wanted)}.")


def found(source: Path) -> Files:
    """The files in a wheel, or in a folder at one of the places where the package and the repository have them."""
    if source.is_dir():
        for folder in _FOLDERS:
            place = source / folder
            names = [f"{p.parent.name}/{p.name}" if p.parent != place else p.name for p in sorted([*place.glob("BFCL_*.json"), *place.glob("possible_answer/BFCL_*.json")])]  # fmt: skip
            if any("/" not in name for name in names):
                return _files(names, lambda name, place=place: _bytes(place / name), source)
        raise UserError(f"{source} holds no BFCL_*.json: name the wheel bfcl-eval, or the folder bfcl_eval/data of it")  # fmt: skip
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as error:
        raise UserError(f"{source} is no wheel: {error}") from None
    names = [name for name in archive.namelist() if name.startswith("bfcl_eval/data/") and "unused" not in name]  # fmt: skip
    return _files(names, lambda name: _member(archive, name, source), source)


def left_out(category: str) -> str:
    """Why a category is none of those that can be asked here."""
    return next(reason for pattern, reason in _LEFT_OUT if pattern.fullmatch(category))


def _files(names: Sequence[str], read: Read, source: Path) -> Files:
    questions: dict[str, str] = {}
    answers: dict[str, str] = {}
    versions = set()
    for name in names:
        match = _NAME.fullmatch(name)
        if match:
            versions.add(match[1])
            (answers if "possible_answer/" in name else questions)[match[2]] = name
    if not questions:
        raise UserError(f"{source} holds no BFCL_*.json: it is not BFCL's wheel")
    if len(versions) > 1:
        raise UserError(f"{source} holds several versions of BFCL: {', '.join(sorted(versions))}")
    return Files(versions.pop(), questions, answers, read)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None


def _member(archive: zipfile.ZipFile, name: str, source: Path) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise UserError(f"{source}: {name} is larger than {_LARGEST:,} bytes")
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{source} is damaged: {error}") from None


def _supported(files: Files) -> list[str]:
    return [name for name in (*CALLS, *NO_CALLS) if name in files.questions]


def _wanted(files: Files, categories: Sequence[str] | None) -> list[str]:
    supported = _supported(files)
    if categories is None:
        return supported
    for name in categories:
        if name not in files.questions:
            raise UserError(f"there is no category {name!r} here, but {', '.join(sorted(files.questions))}")
        if name not in supported:
            raise UserError(f"{name} can't be asked here: {left_out(name)}")
    return [name for name in supported if name in categories]


def _revision(files: Files, wanted: Sequence[str]) -> str:
    whole = hashlib.sha256()
    for name in wanted:
        for held in (files.questions, files.answers):
            if name in held:
                whole.update(f"{name}:".encode() + hashlib.sha256(files.read(held[name])).digest())
    return f"sha256:{whole.hexdigest()[:16]}"


def _rows(files: Files, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(io.BytesIO(files.read(name)), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise UserError(f"{name}:{number} is not JSON: {error}") from None
        if not isinstance(row, dict):
            raise UserError(f"{name}:{number} is no object")
        yield number, row


def _count(files: Files, category: str) -> int:
    """How many questions a category has that is left out; what it looks like otherwise doesn't matter."""
    return sum(line.startswith(b'{"id"') for line in files.read(files.questions[category]).splitlines())


def _golds(files: Files, category: str) -> dict[str, Any]:
    if category in NO_CALLS:
        return {}
    if category not in files.answers:
        raise UserError(f"possible_answer/ has no file for {category}: without it nothing is known to be right")  # fmt: skip
    return {str(row.get("id")): row.get("ground_truth") for _, row in _rows(files, files.answers[category])}


def _add(published: Published, category: str, number: int, row: Mapping[str, Any], golds: Mapping[str, Any]) -> None:  # fmt: skip
    identity = str(row.get("id", f"{category} {number}"))
    try:
        gold = _gold(golds.get(identity)) if category not in NO_CALLS else []
        conversation = _conversation(category, row, gold)
    except Unconvertible as trouble:
        published.dropped[trouble.reason] += 1
        return
    made = published.add(conversation, identity, number)
    if made:
        published.told["answers"][made] = gold


def _gold(value: Any) -> list[dict[str, dict[str, list[Any]]]]:
    """The ground truth of a row. Unconvertible where it is no list of calls whose arguments have lists of values."""
    good = isinstance(value, list) and value and all(
        isinstance(call, dict) and len(call) == 1 and all(isinstance(arguments, dict) for arguments in call.values())
        and all(isinstance(options, list) for arguments in call.values() for options in arguments.values())
        for call in value
    )  # fmt: skip
    if not good:
        raise Unconvertible("a gold answer that can't be read")
    return value


def _conversation(category: str, row: Mapping[str, Any], gold: list[dict[str, Any]]) -> Conversation:
    question = row.get("question")
    if not (isinstance(question, list) and len(question) == 1 and isinstance(question[0], list)):
        raise Unconvertible("no conversation of one turn")
    signatures = signatures_of(row.get("function") or [])
    asked = {one.name: signature_of(parameters_of(one.to_json())) for one in signatures}
    calls = tuple(
        SpokenCall(name, _arguments(arguments, asked.get(name, {})))
        for call in gold
        for name, arguments in call.items()
    )
    made = [Called(call.name, call.arguments) for call in calls]
    if not match_calls(made, list(map(bfcl_gold, gold)), asked, BFCL).matches:
        raise Unconvertible(REFUSED)
    return Conversation(
        "bfcl",
        (*turns_of(question[0]), Turn("assistant", "" if calls else REFUSAL, calls)),
        signatures,
        tuple(signature.name for signature in signatures),
        kind="tool" if calls else "cannot",
        category=category,
    )


def _arguments(wanted: Mapping[str, Sequence[Any]], signature: Signature) -> dict[str, Any]:
    """A value for each argument but those that may be left out, and are not in the signature or have no value at all."""
    return {
        key: one_of(options)
        for key, options in wanted.items()
        if "" not in options or (key in signature and (options != [""] or signature[key].required))
    }


def one_of(options: Sequence[Any]) -> Any:
    """The first of the values that an argument may have: in a dictionary each key has a list of them too, and what may be left out is."""
    return _plain(next((option for option in options if option != ""), ""))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: one_of(inner) if isinstance(inner, list) else inner
            for key, inner in value.items()
            if inner != [""]
        }
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [_plain(item) for item in value]
    return value
