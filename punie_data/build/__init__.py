"""From a recipe to a dataset. `build` is the story of this package: read it first."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from shutil import rmtree
from typing import Any

from punie_data import __version__, jsonl
from punie_data.build.card import card, composition
from punie_data.build.gather import PLACES, Means, gather, mine, take
from punie_data.build.recipe import Mine, Recipe, Take, load_recipe
from punie_data.build.stages import (
    MixNotMet,
    assert_mix,
    balanced,
    check_split,
    rejections,
    scanned,
    validated,
)
from punie_data.chat import canonical
from punie_data.corpus.cache import read_json, write_json
from punie_data.dataset import (
    MANIFEST,
    PARTS,
    REJECTED,
    Step,
    claimed,
    digest,
    part_files,
    prepare_folder,
    read_manifest,
    refuse_input,
    write_parts,
)
from punie_data.decontaminate import decontaminate
from punie_data.dedupe import dedupe
from punie_data.errors import UserError
from punie_data.split import split

__all__ = ["Built", "Means", "MixNotMet", "Recipe", "build", "load_recipe"]

WORK = ".build"
"""The folder, inside the dataset's, in which the steps leave their datasets until the last one is done."""
_KEY = ".key"

Draw = Callable[[Path], None]
"""Writes `report.html` into a dataset folder."""


@dataclass(slots=True)
class Built:
    """`steps` are the steps' names with the rows that were left after each, `rejected` the rows that each one rejected, `kinds` those of each part."""

    out: Path
    steps: list[tuple[str, int]] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, dict[str, int]] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "out": str(self.out),
            "steps": [{"step": name, "rows": rows} for name, rows in self.steps],
            "parts": self.parts,
            "kinds": self.kinds,
            "rejected": self.rejected,
        }


def build(recipe: Recipe, out: Path, means: Means, draw: Draw | None = None) -> Built:
    """Make the dataset `out`: the same recipe and sources give the same bytes. UserError for what the user can mend.

    Every step reads the dataset that the one before it wrote and writes its own, so that a build that was stopped goes on where it was. Balance
    comes last, on every split by itself: whatever takes rows out behind it would shift the shares that it made. What a step rejects is kept.
    """
    refuse_input(out, [one.path for one in recipe.sources if isinstance(one, Take) and one.path.exists()])
    with _workplace(out) as work:
        steps = _Steps(recipe, work, means, Built(out))

        rows = steps.gather([steps.source(number, one) for number, one in enumerate(recipe.sources)])
        if recipe.scan is not None:
            rows = steps.run("scan", rows, partial(scanned, settings=recipe.scan))
        if "validate" not in recipe.skip:
            rows = steps.run("validate", rows, partial(validated, rules=recipe.validate, jobs=means.jobs))
        if "dedupe" not in recipe.skip:
            rows = steps.run("dedupe", rows, partial(dedupe, options=recipe.dedupe))
        evaluations = recipe.decontaminate.files()
        if evaluations and "decontaminate" not in recipe.skip:
            apart = partial(decontaminate, against=evaluations, options=recipe.decontaminate.options)
            rows = steps.run("decontaminate", rows, apart, evaluations)
        if "split" not in recipe.skip:
            rows = steps.run("split", rows, partial(split, shares=recipe.split, unseen=recipe.unseen))
            check_split(rows, recipe.split)
        if "balance" not in recipe.skip:
            balance = partial(balanced, mix=recipe.mix, seed=recipe.seed, jobs=means.jobs)
            rows = steps.run("balance", rows, balance)
            assert_mix(rows, recipe.mix, means.jobs)

        whole = steps.finish(rows)
        if draw is not None:
            draw(whole)
        _publish(whole, out)
    rmtree(work, ignore_errors=True)
    return steps.built


class _Steps:
    """Runs the steps one after another, each into a folder of its own, and not again where the folder is there and made from the same things."""

    def __init__(self, recipe: Recipe, work: Path, means: Means, built: Built) -> None:
        self.built = built
        self._recipe, self._work, self._means = recipe, work, means
        self._sources: list[Path] = []
        self._rejecting: list[tuple[str, Path]] = []

    def source(self, number: int, source: Mine | Take) -> Path:
        # Anew each time: what a repository or a file holds can have changed, and what has not comes from generate's own cache.
        folder = self._work / f"source-{number + 1}"
        rmtree(folder, ignore_errors=True)
        if isinstance(source, Mine):
            self._means.progress.line(f"mining {source.repo or source.corpus}")
            mine(source, self._recipe.seed, folder, self._means)
        else:
            self._means.progress.line(f"importing {source.path.name}")
            take(source, folder)
        self._sources.append(folder)
        self._rejecting.append(("generate" if isinstance(source, Mine) else "import", folder))
        return folder

    def gather(self, sources: list[Path]) -> Path:
        folder = self._work / "gather"
        gather(self._recipe, sources, folder)
        self._note("gather", folder)
        return folder

    def run(self, name: str, rows: Path, step: partial[Any], besides: Sequence[Path] = ()) -> Path:
        """Where the step's dataset is; `besides` are files that it reads besides `rows`."""
        folder = self._work / name
        # How many processes take part is no part of the outcome.
        options = [repr(one) for one in step.keywords.items() if one[0] != "jobs"]
        read = [digest(file) for one in besides for file in _files(one)]
        key = sha256(canonical([name, __version__, digest(rows / MANIFEST), options, read])).hexdigest()
        remembered = folder / _KEY
        if remembered.is_file() and remembered.read_bytes() == key.encode() and _is_whole(folder):
            self._means.progress.line(f"{name}: done before")
        else:
            self._means.progress.line(name)
            rmtree(folder, ignore_errors=True)
            step(rows, folder)
            with jsonl.whole_file(remembered) as file:
                file.write(key.encode())
        self._note(name, folder)
        return folder

    def _note(self, name: str, folder: Path) -> None:
        self._rejecting.append((name, folder))
        counts = read_manifest(folder)["counts"]
        self.built.steps.append((name, sum(counts.get(part, 0) for part in PARTS)))

    def finish(self, rows: Path) -> Path:
        """The last step's parts with what every step rejected, the card, and the manifest whose steps are the lineage."""
        out = self._work / "whole" / self.built.out.resolve().name
        recipe, base = self._recipe, read_manifest(rows)
        told = {"steps": [{"step": name, "rows": left} for name, left in self.built.steps]}
        step = Step("build", {"recipe": recipe.text}, {recipe.path.name: recipe.digest}, told)
        rejected = chain.from_iterable(rejections(folder, name) for name, folder in self._rejecting)
        with claimed(out):
            parts = {name: _lines(file) for name, file in part_files(rows).items()}
            counts = write_parts(out, base, step, parts, self._counted(rejected))
        self.built.parts = {name: count for name, count in counts.items() if name != REJECTED}
        places: dict[str, Any] = {}
        for folder in self._sources:
            places |= read_json(folder / PLACES) or {}
        if places:
            write_json(out / PLACES, places)
        inside = composition(part_files(out))
        self.built.kinds = {name: dict(counts) for name, counts in inside.kinds.items()}
        with jsonl.whole_file(out / "README.md") as file:
            file.write(card(recipe, read_manifest(out), inside, self.built.rejected).encode())
        return out

    def _counted(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            self.built.rejected[row["stage"]] = self.built.rejected.get(row["stage"], 0) + 1
            yield row


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from lines


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """The folder for the steps, ours alone until the block ends. UserError where `out` is something else than a dataset's folder."""
    ours = {f"{name}.jsonl" for name in (*PARTS, REJECTED)} | {MANIFEST}
    try:
        there = {one.name for one in out.iterdir() if not one.name.startswith(".")} if out.exists() else set()
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from None
    if there and not ours & there:
        raise UserError(f"{out} holds other files; choose an empty folder with --out")
    work = out / WORK
    with claimed(work / "lock"):
        yield work


def _is_whole(folder: Path) -> bool:
    """Whether all is there that the manifest names: a kill may have come while the folder was being removed."""
    if not (folder / MANIFEST).is_file():
        return False
    return all((folder / name).is_file() for name in read_manifest(folder).get("files", ()))


def _publish(whole: Path, out: Path) -> None:
    """Move the dataset to its place; the manifest comes last, so that at no moment half of it looks whole."""
    with claimed(out):
        prepare_folder(out)
        files = {one.name for one in whole.iterdir() if one.is_file()}
        try:
            for name in (*(f"{part}.jsonl" for part in PARTS), "README.md", "report.html", PLACES):
                if name not in files:
                    (out / name).unlink(missing_ok=True)
            for name in (*sorted(files - {MANIFEST}), MANIFEST):
                (whole / name).replace(out / name)
        except OSError as error:
            raise UserError(f"{out}: {error.strerror or error}") from None
