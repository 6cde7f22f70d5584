"""One command from a dataset to a verdict. `train_and_eval` is the story of this package: read it first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from punie_data.build import Means, build
from punie_data.dataset import claimed, digest, manifest_of, part_files
from punie_data.errors import UserError
from punie_data.train_and_eval.artefacts import Artefacts
from punie_data.train_and_eval.ask import Open, ask, ask_others, must_be_there
from punie_data.train_and_eval.behaviour import Behaviour, behaviour
from punie_data.train_and_eval.choose import afterwards, choose, suite
from punie_data.train_and_eval.foretold import Foretold, foretell
from punie_data.train_and_eval.kept import FOLDER, Steps
from punie_data.train_and_eval.spoil import mend, said, spoil
from punie_data.train_and_eval.system import System
from punie_data.train_and_eval.verdict import Verdict, judged, write_page
from punie_data.train_and_eval.wanted import Wanted, load_wanted

__all__ = ["Foretold", "Outcome", "Verdict", "Wanted", "load_wanted", "train_and_eval"]


@dataclass(slots=True)
class Outcome:
    """What came of a recipe. `results` are the folders that `evaluate` wrote, `behaviours` what each system did, by the systems' names; `steps` are
    the names of the steps with the seconds that each took, None where it was done before.
    """

    out: Path
    wanted: Wanted
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    foretold: list[Foretold] = field(default_factory=list)
    training: Mapping[str, Any] = field(default_factory=dict)
    survival: Mapping[str, float] = field(default_factory=dict)
    systems: list[System] = field(default_factory=list)
    results: dict[str, Path] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    steps: dict[str, float | None] = field(default_factory=dict)
    verdict: Verdict | None = None
    page: Path | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "recipe": self.wanted.name,
            "out": str(self.out),
            "rows": self.rows,
            "foretold": [one.to_json() for one in self.foretold],
            "training": self.training,
            "survival": self.survival,
            "systems": {
                one.name: {"bytes": one.size, "results": str(self.results[one.name]), **self.behaviours[one.name].to_json()}
                for one in self.systems
            },
            "steps": self.steps,
            "verdict": self.verdict.to_json() if self.verdict else None,
            "page": str(self.page) if self.page else None,
        }  # fmt: skip


def train_and_eval(wanted: Wanted, model: Path | None, out: Path, means: Means, open_sites: Open) -> Outcome:
    """All that a recipe says, into the folder `out`: build, choose, spoil, foretell, train, fuse, round, ask, compare, decide.

    Every step is kept under the digest of what its outcome depends on, so that a run which was stopped goes on where it was, and a changed setting
    repeats what hangs on it and nothing else. `model` is None where somebody else's system is asked, in repositories that `open_sites` opens.
    UserError for what the user can mend.
    """
    if model is None:
        must_be_there(wanted.evaluate)
    out.mkdir(parents=True, exist_ok=True)
    outcome = Outcome(out, wanted)
    with claimed(out / FOLDER / "lock"):
        steps = Steps(out, means.progress)
        rows = _dataset(wanted, out, means, steps, outcome)
        questions, prompt = _questions(wanted, rows, out, steps)
        if model is None:
            system = System(wanted.name, None, None, wanted.name, 0)
            outcome.systems = [system]
            found = ask_others(system, wanted, questions[0], prompt, open_sites, out, steps, means.progress)
            _note(outcome, system, found)
        else:
            artefacts = Artefacts(wanted, model, out, means.progress, steps)
            if rows is not None and wanted.trains:
                outcome.training = artefacts.train(rows)
                outcome.survival = artefacts.survival()
            outcome.systems = artefacts.systems()
            for system in outcome.systems:
                _note(
                    outcome,
                    system,
                    ask(system, artefacts, wanted, questions, prompt, out, steps, means.progress),
                )
        outcome.verdict = judged(wanted, outcome.systems, outcome.results, outcome.behaviours, out)
        outcome.steps = {name: None if done.before else done.seconds for name, done in steps.taken.items()}
        outcome.page = write_page(outcome)
    return outcome


def _note(outcome: Outcome, system: System, results: tuple[Path, Path]) -> None:
    outcome.results[system.name] = results[0]
    outcome.behaviours[system.name] = behaviour(*results)


def _dataset(wanted: Wanted, out: Path, means: Means, steps: Steps, outcome: Outcome) -> Path | None:
    """The folder of the rows that are trained on, None where the recipe has none. What will go wrong with them is told here."""
    if wanted.dataset is None:
        return None
    built, chosen, spoiled, mended = (out / name for name in ("built", "rows", "spoiled", "mended"))
    means.progress.line("build")
    build(wanted.dataset, built, means)
    narrow = wanted.small
    told = steps.take(
        "choose",
        {**_digests(built), "rows": wanted.rows.counts, "valid": wanted.rows.valid, "calls": wanted.rows.calls, "tools": wanted.rows.tools, "seed": wanted.seed, "small": repr(narrow)},
        chosen,
        lambda: choose(built, wanted.rows, wanted.seed, narrow, chosen),
    ).told  # fmt: skip
    outcome.rows = told["rows"]
    for what, count in told["missing"].items():
        means.progress.line(f"rows: {what}: there are {count}")
    rows = chosen
    if wanted.spoil:
        how = list(said(wanted.spoil))
        steps.take("spoil", {**_digests(chosen), "how": how}, spoiled, lambda: _nothing(spoil(chosen, wanted.spoil, spoiled)))  # fmt: skip
        means.progress.line(f"spoiled on purpose: {', '.join(how)}")
        rows = spoiled
    folders = [rows]
    if wanted.spoil.call_key:
        steps.take("mend", _digests(rows), mended, lambda: {"mended": mend(spoiled, mended)})
        folders = [spoiled, mended]
    found = steps.take(
        "foretell",
        {"rows": [_digests(folder) for folder in folders], "counted": _digests(chosen)},
        None,
        lambda: {"found": [one.to_json() for one in foretell(folders, chosen, means.jobs)]},
    ).told
    outcome.foretold = [Foretold(**one) for one in found["found"]]
    for one in outcome.foretold:
        means.progress.line(f"foretold: {one}")
    return folders[-1]


def _questions(wanted: Wanted, rows: Path | None, out: Path, steps: Steps) -> tuple[tuple[Path, Path], str]:
    """(what is asked, what is asked behind a first result), and the system prompt with which it is asked."""
    asked, later = out / "suite.jsonl", out / "afterwards.jsonl"
    if wanted.evaluate.suite:
        source = wanted.path.parent / wanted.evaluate.suite
    elif rows is not None:
        source = rows / "test.jsonl"
    else:
        raise UserError(f"{wanted.path}: evaluate.suite is missing: without rows of its own there is nothing to ask")  # fmt: skip
    if not source.is_file():
        raise UserError(f"there is nothing to ask: no file {source}")
    manifest = manifest_of(source)
    steps.take(
        "suite",
        {"from": digest(source), "queries": wanted.evaluate.queries, "seed": wanted.seed},
        asked,
        lambda: (
            suite(source, manifest, wanted.evaluate.queries, wanted.seed, asked)
            | {"later": afterwards(asked, later)}
        ),
    )
    return (asked, later), str(manifest_of(rows or source).get("system_prompt", ""))


def _digests(dataset: Path) -> dict[str, str]:
    """Of a dataset what training depends on: its parts and its system prompt."""
    prompt = str(manifest_of(dataset).get("system_prompt", ""))
    return {"system_prompt": prompt, **{name: digest(file) for name, file in part_files(dataset).items()}}


def _nothing(done: None) -> dict[str, Any]:
    return {}
