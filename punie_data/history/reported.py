"""Results that were measured elsewhere: from a file, from the command line, and those that come with punie-data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as calendar
from decimal import Decimal
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.history.metric import metric_of, value_of
from punie_data.history.run import Run
from punie_data.toml_file import read_toml

SCHEMA = "history.schema.json"
SHIPPED = Path(__file__).with_name("reported.toml")
SHIPPED_SOURCE = "the maintainer of Punie, who measured by hand"
SOMEBODY = "reported"


@dataclass(frozen=True, slots=True)
class Target:
    """What a metric should reach. One of the two is given."""

    metric: str
    below: float | None = None
    at_least: float | None = None

    def is_met(self, number: float) -> bool:
        return number < self.below if self.below is not None else number >= (self.at_least or 0.0)


TARGETS = (
    Target("load_seconds", below=10),
    Target("warm_up_seconds", below=10),
    Target("steady_seconds", below=5),
    Target("inference_peak_gb", below=25),
    Target("model_gb", below=25),
    Target("accuracy", at_least=0.8),
    Target("field_access", at_least=0.8),
)


def shipped() -> list[Run]:
    """The results that come with punie-data, oldest first, with ids r1, r2, …; they are in no file of the user's."""
    runs = results_of(SHIPPED)
    return [replace(run, id=f"r{number}", source=SHIPPED_SOURCE) for number, run in enumerate(runs, 1)]


def results_of(file: Path) -> list[Run]:
    """The results of a TOML file. UserError, with the line where there is one, for whatever is wrong with it."""
    told = read_toml(file, SCHEMA)
    if not told.get("result"):
        raise UserError(f"{file} has no result: write each under [[result]]")
    runs = []
    for number, one in enumerate(told["result"], 1):
        try:
            runs.append(_result(one))
        except UserError as error:
            raise UserError(f"{file}: result {number}, {one['name']}: {error}") from None
    return runs


def _result(told: Mapping[str, Any]) -> Run:
    plain = _floats(told)
    return reported(
        plain["name"],
        plain["metrics"],
        plain.get("configuration", {}),
        plain.get("source", ""),
        plain.get("date", ""),
        plain.get("note", ""),
        plain.get("machine", {}),
        plain.get("versions", {}),
    )


def reported(
    name: str,
    metrics: Mapping[str, Any],
    configuration: Mapping[str, Any],
    source: str = "",
    date: str = "",
    note: str = "",
    machine: Mapping[str, Any] | None = None,
    versions: Mapping[str, str] | None = None,
) -> Run:
    """A result as a record. UserError for a metric that there is not, and for a value that is none."""
    if not name.strip():
        raise UserError("a result needs a name")
    values = {key: value_of(key, value) for key, value in metrics.items()}
    return Run(
        "reported",
        name.strip(),
        configuration,
        values,
        machine=machine or {},
        versions=versions or {},
        started=date,
        note=note,
        source=source or SOMEBODY,
    )


def entered(
    name: str | None, metrics: Sequence[str], configured: Sequence[str], source: str, date: str, note: str
) -> Run:
    """A result from the options of `history enter`. UserError where it has no name, no metric, or a date that is none."""
    if not name or not metrics:
        raise UserError("name a TOML file with results, or give --name and at least one --metric")
    if date:
        try:
            calendar.fromisoformat(date)
        except ValueError:
            raise UserError(f"--date {date}: write a date as 2026-02-01") from None
    configuration = nested(pairs_of(configured, "--set"))
    return reported(name, pairs_of(metrics, "--metric"), configuration, source, date, note)


def targets_of(file: Path) -> tuple[Target, ...]:
    """The targets of a TOML file; UserError where it has none, or one is of no metric."""
    told = _floats(read_toml(file, SCHEMA)).get("target")
    if not told:
        raise UserError(
            f"{file} has no targets: write them under [target], as steady_seconds = {{below = 5}}"
        )
    found = []
    for key, limits in told.items():
        try:
            metric_of(key)
        except UserError as error:
            raise UserError(f"{file}: target {key}: {error}") from None
        found.append(Target(key, limits.get("below"), limits.get("at_least")))
    return tuple(found)


def pairs_of(given: Sequence[str], option: str) -> dict[str, str]:
    """`("accuracy=24/25",)` as a mapping. UserError where there is no sign of equality."""
    found = {}
    for pair in given:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise UserError(f"{option} {pair}: write KEY=VALUE")
        found[key.strip()] = text.strip()
    return found


def nested(pairs: Mapping[str, str]) -> dict[str, Any]:
    """`{"quantization.bits": "5"}` as `{"quantization": {"bits": 5}}`. UserError where a key is a value and a table at once."""
    found: dict[str, Any] = {}
    for key, text in pairs.items():
        table = found
        *before, last = key.split(".")
        for step in before:
            table = table.setdefault(step, {})
            if not isinstance(table, dict):
                raise UserError(f"--set {key}: {step} is a value already")
        if isinstance(table.get(last), dict):
            raise UserError(f"--set {key}: {last} is a table already")
        table[last] = _typed(text)
    return found


def _typed(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _floats(one) for key, one in value.items()}
    return [_floats(one) for one in value] if isinstance(value, list) else value
