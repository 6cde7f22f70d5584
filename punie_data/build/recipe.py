"""A recipe: where the rows come from, and what each step does with them. `schemas/recipe.schema.json` defines its file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from punie_data.balance.mix import DEFAULT, Mix, mix_of
from punie_data.dataset import digest
from punie_data.decontaminate import Options as Compare
from punie_data.decontaminate import suites
from punie_data.dedupe import Options as Dedupe
from punie_data.errors import UserError
from punie_data.resources import path_of
from punie_data.split import Shares
from punie_data.toml_file import check_toml, read_toml

SCHEMA = "recipe.schema.json"
FOLDER = Path("corpora", "recipes")
"""Where a recipe is looked for that is given by its name alone."""

_MINING = ("only", "generators", "kinds", "limit", "quota", "cap", "without", "allow_exec", "requires")
_TAKING = ("format", "license", "tools")


@dataclass(frozen=True, slots=True)
class Mine:
    """Repositories that `generate` mines: one, or those of a corpus. The options are those of the command."""

    repo: str = ""
    corpus: str = ""
    only: tuple[str, ...] = ()
    generators: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    limit: int | None = None
    quota: int | None = None
    cap: int | None = None
    without: tuple[str, ...] = ()
    allow_exec: bool = False
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Take:
    """A file, or the folder of a dataset, of any form that `import` reads. The options are those of the command."""

    path: Path
    format: str = "auto"
    license: str = "unknown"
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Validate:
    """Which rules a row must keep; with `strict` their warnings count too."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """What may be published: `licenses` that are allowed (all where there is none), kinds of personal data to `ignore`, and whether to `redact`."""

    licenses: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    redact: bool = False


@dataclass(frozen=True, slots=True)
class Decontaminate:
    """Evaluations whose questions no row may ask: files or datasets, and with `suites` those that come with this package."""

    against: tuple[Path, ...] = ()
    suites: bool = True
    options: Compare = field(default_factory=Compare)

    def files(self) -> tuple[Path, ...]:
        return (*(suites() if self.suites else ()), *self.against)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`text` is the file itself, for the manifest: whoever has the dataset has the recipe. `data` is what it says, as JSON values.

    `scan` is None where the recipe has no such table: it is the one step that isn't taken unless it is asked for. `unseen` is how many repositories
    `split` picks for test alone, beside those that its shares name.
    """

    path: Path
    name: str
    sources: tuple[Mine | Take, ...]
    text: str
    data: Mapping[str, Any]
    digest: str
    description: str = ""
    system_prompt: str = ""
    seed: int = 0
    skip: frozenset[str] = frozenset()
    validate: Validate = field(default_factory=Validate)
    dedupe: Dedupe = field(default_factory=Dedupe)
    scan: Scan | None = None
    decontaminate: Decontaminate = field(default_factory=Decontaminate)
    split: Shares = field(default_factory=Shares)
    unseen: int = 0
    mix: Mix = DEFAULT


def load_recipe(given: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe in a TOML file, or `corpora/recipes/NAME.toml` by its name; `changes` are settings that take the place of the file's, as {"split.by": "repo"}.

    What it says of training and evaluation is checked too, and read by `train_and_eval`. UserError, one line with the place of what is wrong.
    """
    path = find_recipe(given)
    data = read_recipe(path, changes)
    if "source" not in data:
        raise UserError(f"{path}: source is missing")
    mix = DEFAULT
    if "mix" in data:
        check_toml(path, data["mix"], "mix.schema.json", ("mix",))
        mix = mix_of(data["mix"], str(path))
    seed = data.get("seed", 0)
    split = data.get("split", {})
    unseen = split.get("unseen", 0)
    shares = {key: float(split[key]) for key in ("valid", "test") if key in split}
    if sum(shares.values()) >= 1:
        raise UserError(f"{path}: split: valid and test leave nothing for train")
    recipe = Recipe(
        path=path,
        name=data.get("name", path.stem),
        sources=tuple(_source(path, number, one) for number, one in enumerate(data["source"])),
        text=path.read_text(encoding="utf-8-sig"),
        data=_as_json(data),
        digest=digest(path),
        description=data.get("description", ""),
        system_prompt=data.get("system_prompt", ""),
        seed=seed,
        skip=frozenset(data.get("skip", ())),
        validate=Validate(**_tuples(data.get("validate", {}))),
        dedupe=Dedupe(**_floats(data.get("dedupe", {})), seed=seed),
        scan=Scan(**_tuples(data["scan"])) if "scan" in data else None,
        decontaminate=_decontaminate(path, data.get("decontaminate", {})),
        split=Shares(
            **shares,
            by=split.get("by", "origin"),
            unseen=() if isinstance(unseen, int) else tuple(sorted(set(unseen))),
            seed=seed,
        ),
        unseen=unseen if isinstance(unseen, int) else 0,
        mix=mix,
    )
    for step in sorted(recipe.skip):
        if (step if step != "balance" else "mix") in data:
            raise UserError(f"{path}: {step} is both configured and left out with skip")
    return recipe


def find_recipe(given: str) -> Path:
    """The file, or by its name that of `corpora/recipes/` here or among those that ship with the package. UserError where there is none."""
    path = Path(given)
    if not path.exists() and re.fullmatch(r"[A-Za-z0-9._-]+", given):
        path = FOLDER / f"{given}.toml"
        if not path.exists():
            try:
                return path_of(*path.parts)
            except FileNotFoundError:
                raise UserError(f"there is neither a file {given} nor a recipe {path}") from None
    return path


def read_recipe(path: Path, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The file's content with the changes, checked against the schema. UserError, with the line where it stands there."""
    data = read_toml(path, SCHEMA)
    for key, value in (changes or {}).items():
        table, dot, name = key.partition(".")
        if not (dot and name) or not isinstance(data.setdefault(table, {}), dict):
            raise UserError(f"--set {key}: write TABLE.KEY=VALUE, as train.epochs=2")
        data[table][name] = value
    if changes:
        check_toml(path, data, SCHEMA, ())
    return data


def _decontaminate(path: Path, data: Mapping[str, Any]) -> Decontaminate:
    return Decontaminate(
        tuple(path.parent / one for one in data.get("against", ())),
        data.get("suites", True),
        Compare(**{key: data[key] for key in ("words", "everywhere") if key in data}),
    )


def _source(path: Path, number: int, data: Mapping[str, Any]) -> Mine | Take:
    place = f"{path}: source[{number}]"
    named = [key for key in ("repo", "corpus", "file") if key in data]
    if len(named) != 1:
        raise UserError(f"{place}: give one of repo, corpus and file, not {' and '.join(named) or 'none'}")
    if named == ["file"]:
        foreign = [key for key in _MINING if key in data]
        if foreign:
            raise UserError(f"{place}: {foreign[0]} is for repositories, and file names rows that are there")
        options = {key: value for key, value in _tuples(data).items() if key != "file"}
        return Take(path.parent / data["file"], **options)
    foreign = [key for key in _TAKING if key in data]
    if foreign:
        raise UserError(f"{place}: {foreign[0]} is for files of rows, and this is mined")
    if "only" in data and "corpus" not in data:
        raise UserError(f"{place}: only chooses from a corpus, and this is one repository")
    if data.get("requires") and not (data.get("allow_exec") and "repo" in data):
        raise UserError(f"{place}: requires goes with repo and allow_exec = true")
    given = _tuples(data)
    for key in ("repo", "corpus"):
        # What lies beside the recipe is meant from there, wherever the command is run.
        if given.get(key, "").startswith((".", "/")):
            given[key] = str(path.parent / given[key])
    return Mine(**given)


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}


def _floats(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: float(value) if isinstance(value, Decimal) else value for key, value in data.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value
