"""A suite on disk: `NAME.jsonl`, whose rows are records, and `NAME.manifest.json` beside it, which is written last (`schemas/suite.schema.json`)."""

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from punie_data import __version__, dataset, described, dialects, importing, jsonl
from punie_data.chat import canonical, example_from_json
from punie_data.dialects.base import Refused
from punie_data.errors import UserError
from punie_data.evaluate.queries import Query, queries
from punie_data.evaluate.score import score
from punie_data.question import asked
from punie_data.resources import path_of
from punie_data.validate.check import record_validator

SCHEMA = 1
DIALECTS = ("hermes", "json-fence", "qwen3-xml")
"""Those in which a gold answer is text, so that it can be scored as a model's."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
CARRIED = (*described.KEYS, "tools", "options")


@dataclass(frozen=True, slots=True)
class About:
    """What a suite's manifest says besides what follows from its rows. `extra` are further keys of its `suite` (see the schema)."""

    description: str
    seed: int = 0
    version: str = "1.0"
    extra: Mapping[str, Any] = field(default_factory=dict)


def write(
    out: Path, rows: Sequence[Mapping[str, Any]], base: Mapping[str, Any], about: About
) -> dict[str, Any]:
    """Write the rows and, last, the manifest; the manifest is returned.

    `base` is the manifest of the dataset that the rows are from; of its sources those are named that a row is about. UserError where there are no
    rows, or where the file's name is no name for a suite.
    """
    if not rows:
        raise UserError("no row asks one question: there is nothing to make a suite of")
    if out.suffix != ".jsonl" or NAME.fullmatch(out.stem) is None:
        raise UserError(f"{out.name} is no name for a suite: letters, digits, '.', '_' and '-', then .jsonl")
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = dataset.manifest_beside(out)
    beside.unlink(missing_ok=True)
    jsonl.write(out, (dict(row) for row in rows))
    made = {
        "format": dataset.FORMAT,
        "made_by": f"punie-data {__version__}",
        "system_prompt": "",
        **{key: base[key] for key in CARRIED if key in base},
        "sources": _sources(rows, base),
        "files": {out.name: dataset.digest(out)},
        "suite": {
            "schema": SCHEMA,
            "name": out.stem,
            "version": about.version,
            "description": about.description,
            "seed": about.seed,
            **about.extra,
            "counts": counts(rows) | dict(about.extra.get("counts", {})),
        },
    }
    with jsonl.whole_file(beside) as file:
        file.write(orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n")
    return made


def counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many queries there are of each kind, category, repository and generator."""
    labels = [(row["label"]["kind"], row["label"]["category"]) for row in rows]
    return {
        "queries": len(rows),
        "kinds": _counted(kind for kind, _ in labels),
        "categories": _counted(f"{kind}/{category}" for kind, category in labels),
        "repositories": _counted(row["origin"]["repo"] for row in rows),
        "generators": _counted(row["origin"]["generator"] for row in rows),
    }


def _counted(values: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _sources(rows: Sequence[Mapping[str, Any]], base: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The manifest's entries of the repositories that rows are about; of one that it doesn't name, what the rows say."""
    known = {entry.get("name"): entry for entry in base.get("sources", ())}
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        origin = row["origin"]
        name = origin["repo"]
        if name not in found:
            said = {
                "name": name,
                "origin": name,
                "revision": origin["revision"],
                "license": origin["license"],
            }
            found[name] = said | known.get(name, {})
    return [found[name] for name in sorted(found)]


def load(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(manifest, rows) of a suite. UserError where it has no manifest, or a line is no record."""
    manifest = dataset.manifest_of(path)
    if "suite" not in manifest:
        raise UserError(f"{path}: no {dataset.manifest_beside(path).name} beside it that is a suite's")
    rows = []
    for line in importing.records(path):
        if line.row is None:
            raise UserError(f"{path}:{line.number}: {line.problem}")
        rows.append(line.row)
    return manifest, rows


def shipped() -> list[Path]:
    """The suites that come with punie-data, by name."""
    try:
        folder = path_of("data", "suites")
    except FileNotFoundError:
        return []
    return [file for file in sorted(folder.rglob("*.jsonl")) if dataset.manifest_beside(file).is_file()]


def check(path: Path) -> list[str]:
    """What is wrong with a suite: its manifest, its rows, and gold answers that the scorer does not give full marks. Empty where nothing is."""
    manifest, rows = load(path)
    problem = manifest_problem(manifest)
    found = [f"{dataset.manifest_beside(path).name}: {problem}"] if problem else []
    if not problem:
        found += _disagreements(path, manifest, rows)
    is_record = record_validator().is_valid
    ids: set[str] = set()
    questions: dict[bytes, int] = {}
    for number, row in enumerate(rows, 1):
        if not is_record(row):
            found.append(f"{path.name}:{number}: no record (`punie-data validate` tells why)")
            continue
        if row["id"] in ids:
            found.append(f"{path.name}:{number}: the id {row['id']} stands twice")
        if example_from_json(row).id != row["id"]:
            found.append(f"{path.name}:{number}: the id is not that of the row's content")
        ids.add(row["id"])
        key = canonical([row["origin"]["repo"], row["label"]["kind"], row["tools"], *asked(row["messages"])])
        if key in questions:
            found.append(f"{path.name}:{number}: asks what line {questions[key]} asks")
        questions.setdefault(key, number)
    if not found:
        for query in queries(path):
            problems = [gold_problem(query, dialect) for dialect in DIALECTS]
            found += [f"{query.id}: {problem}" for problem in problems if problem]
    return found


def manifest_problem(manifest: Mapping[str, Any]) -> str:
    """How a suite's manifest violates the schema, "" where it doesn't."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(_schema())
    worst = jsonschema.exceptions.best_match(validator.iter_errors(dict(manifest)))
    if worst is None:
        return ""
    place = ".".join(map(str, worst.absolute_path))
    return f"{place or 'the whole'}: {worst.message[:200]}"


@functools.cache
def _schema() -> dict[str, Any]:
    return orjson.loads(path_of("schemas", "suite.schema.json").read_bytes())


def _disagreements(
    path: Path, manifest: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Where the manifest says something else than the rows."""
    if manifest["files"].get(path.name) != dataset.digest(path):
        yield f"{path.name} is not the file that the manifest was written for"
    if manifest["suite"]["name"] != path.stem:
        yield f"the manifest calls it {manifest['suite']['name']}"
    said, true = manifest["suite"]["counts"], counts(rows)
    for key, value in true.items():
        if key in said and said[key] != value:
            yield f"the manifest's count of {key} is not that of the rows"
    known = {entry["name"] for entry in manifest["sources"]}
    for name in sorted({row["origin"]["repo"] for row in rows} - known):
        if manifest["sources"]:
            yield f"rows are about {name}, which is not among the manifest's sources"


def gold_text(query: Query, dialect: str) -> str | Refused:
    """The gold turn as a model would write it in this dialect."""
    calls = [
        {"id": f"call_{number}", "type": "function", "function": {"name": call.name, "arguments": dict(call.arguments)}}
        for number, call in enumerate(query.gold)
    ]  # fmt: skip
    turn = {"role": "assistant", "content": query.answer} | ({"tool_calls": calls} if calls else {})
    found = dialects.load(dialect).render({"messages": [*query.prompt, turn]}, query.tools, "")
    return found if isinstance(found, Refused) else str(found.messages[-1]["content"])


def gold_problem(query: Query, dialect: str) -> str:
    """Why the scorer takes marks off the gold answer when it is written in this dialect, "" where it doesn't."""
    text = gold_text(query, dialect)
    if isinstance(text, Refused):
        return f"the gold answer can't be written in {dialect}: {text.reason}"
    judged = score(query, text, dialect)
    return "" if judged.strict else f"the gold answer fails in {dialect}: {judged.explanation}"
