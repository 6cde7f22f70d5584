"""Where a dataset and each of its rows came from, and how to make them again: read from the manifest, never guessed."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data import jsonl
from punie_data.dataset import REJECTED, digest, manifest_of, part_files
from punie_data.errors import UserError
from punie_data.importing import records

SHORTEST = 6
"""Digits of a row's id that name it, where no other row's begins with them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row that was found: `part` and `line` (1-based) say where it stands; a rejected one has `reason` and `detail`."""

    part: str
    line: int
    row: Mapping[str, Any]
    stage: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lineage:
    """How a dataset came about. `commands` make it again; `changed` are files that are not what the manifest says."""

    dataset: Path
    steps: tuple[Mapping[str, Any], ...]
    sources: tuple[Mapping[str, Any], ...]
    made_by: str
    commands: tuple[str, ...]
    recipe: str | None
    changed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "dataset": str(self.dataset),
            "made_by": self.made_by,
            "steps": list(self.steps),
            "sources": list(self.sources),
            "commands": list(self.commands),
            "recipe": self.recipe,
            "changed": list(self.changed),
        }


def steps_of(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps of a dataset, in order. What was mined begins with `generate`, whose options are the manifest's own."""
    bare: dict[str, Any] = {"options": {}, "inputs": {}, "counts": {}}
    steps = [bare | step for step in manifest.get("steps", ())]
    options = manifest.get("options")
    if isinstance(options, dict) and "quota" in options:
        origins = [source.get("origin", "") for source in manifest.get("sources", ())]
        steps.insert(
            0,
            {
                "command": "generate",
                "options": {"repositories": origins, **options},
                "inputs": {},
                "counts": {},
            },
        )
    return steps


def lineage(dataset: Path, demanded: bool = True) -> Lineage:
    """How the dataset in a folder, or the file with a manifest beside it, came about. UserError where it has no manifest and that is `demanded`."""
    part_files(dataset)
    manifest = manifest_of(dataset)
    if demanded and not manifest:
        raise UserError(f"{dataset} has no manifest: what is known of its rows is what each of them says")
    steps = steps_of(manifest)
    files = manifest.get("files", {})
    folder = dataset if dataset.is_dir() else dataset.parent
    changed = [name for name, told in files.items() if not _same(folder / name, told)]
    return Lineage(
        dataset,
        tuple(steps),
        tuple(manifest.get("sources", ())),
        manifest.get("made_by", ""),
        tuple(_commands(dataset.resolve().stem, steps)),
        next((step["options"].get("recipe") for step in reversed(steps) if step["command"] == "build"), None),
        tuple(changed),
    )


def _same(file: Path, told: str) -> bool:
    return file.is_file() and digest(file) == told


def _commands(name: str, steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What to type, one command a step; a build is one command for all steps before it."""
    built = next((step for step in reversed(steps) if step["command"] == "build"), None)
    later = steps[steps.index(built) + 1 :] if built is not None else steps
    here = ""
    if built is not None:
        here = f"data/{name}" if not later else f"data/{name}-build"
        recipe = next(iter(built["inputs"]), "recipe.toml")
        yield f"punie-data lineage data/{name} --recipe > {recipe}"
        yield f"punie-data build {recipe} --out {here}"
    for number, step in enumerate(later, 1):
        there = f"data/{name}" if number == len(later) else f"data/{name}-{number}-{step['command']}"
        if step["command"] == "generate":
            yield f"{_generate(step['options'])} --out {there}"
        else:
            inputs = here or " ".join(shlex.quote(one) for one in step["inputs"])
            yield f"punie-data {step['command']} {inputs} {_flags(step['options'])}--out {there}"
        here = there


def _generate(options: Mapping[str, Any]) -> str:
    words = ["punie-data generate"]
    for origin in options.get("repositories", ()):
        words.append(f"--repo {shlex.quote(origin if '==' in origin or '://' in origin else f'./{origin}')}")
    words += [
        f"--{key} {options[key]}" for key in ("seed", "quota", "cap", "limit") if options.get(key) is not None
    ]
    kinds = options.get("kinds", ())
    if kinds and len(kinds) < 4:
        words.append(f"--kinds {','.join(kinds)}")
    words += [f"--without {shlex.quote(one)}" for one in options.get("without", ())]
    if options.get("allow_exec"):
        words.append("--allow-exec")
    return " ".join(words)


def _flags(options: Mapping[str, Any]) -> str:
    words = []
    for key, value in options.items():
        flag = f"--{key.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif isinstance(value, dict):
            words.append(f"{flag} {key}.toml")
        elif isinstance(value, list | tuple):
            words += [f"{flag} {shlex.quote(str(one))}" for one in value]
        elif value not in (None, False, ""):
            words.append(f"{flag} {shlex.quote(str(value))}")
    return "".join(f"{word} " for word in words)


def find_row(dataset: Path, wanted: str) -> Place:
    """The row whose id is or begins with `wanted`, among those that were kept and then those that were rejected. UserError where there is none,
    or more than one that is not the same.
    """
    if len(wanted) < SHORTEST:
        raise UserError(f"{wanted}: give at least the first {SHORTEST} digits of the row's id")
    found: dict[str, Place] = {}
    for place in _places(dataset):
        identity = place.row.get("id")
        if isinstance(identity, str) and identity.startswith(wanted):
            found.setdefault(identity, place)
            if identity == wanted:
                break
    if wanted in found:
        return found[wanted]
    if not found:
        raise UserError(f"{dataset} has no row {wanted}, neither among its rows nor among the rejected")
    if len(found) > 1:
        raise UserError(f"{wanted} begins the ids of {len(found)} rows: {', '.join(sorted(found)[:4])}")
    return next(iter(found.values()))


def _places(dataset: Path) -> Iterator[Place]:
    for part, file in part_files(dataset).items():
        for line in records(file):
            if not line.problem:
                yield Place(part, line.number, line.row)
    left = dataset / f"{REJECTED}.jsonl"
    if dataset.is_dir() and left.is_file():
        for line in jsonl.read(left):
            row = line.row
            if isinstance(row, dict) and isinstance(row.get("example"), dict):
                said = [str(row.get(key) or "") for key in ("stage", "reason", "detail")]
                yield Place(REJECTED, line.number, row["example"], *said)


def passed(steps: Sequence[Mapping[str, Any]], place: Place) -> list[str]:
    """The steps that the row came through, by name; of a rejected one, those before the step that rejected it."""
    names = [str(step["command"]) for step in steps if step["command"] != "build"]
    if not place.reason:
        return names
    return names[: names.index(place.stage)] if place.stage in names else []
