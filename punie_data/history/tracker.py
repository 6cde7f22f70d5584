"""The tracker: what all runs add up to, from a quick reference to when to measure anew. `tracker` is the story."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from punie_data import jsonl
from punie_data.errors import UserError
from punie_data.history import judged, plots
from punie_data.history.document import Block, Cell, Document, Fold, Heading, Paragraph, Table, Tone
from punie_data.history.html import html
from punie_data.history.listing import INSTEAD, flat
from punie_data.history.markdown import markdown
from punie_data.history.metric import in_order, metric_of, told
from punie_data.history.reported import TARGETS, Target
from punie_data.history.run import Run
from punie_data.history.systems import System, systems_of

FILES = ("tracker.html", "tracker.md")
QUICK = (
    "accuracy",
    "field_access",
    "steady_seconds",
    "load_seconds",
    "warm_up_seconds",
    "model_gb",
    "inference_peak_gb",
)
_TONES: Mapping[str, Tone] = {"met": "good", "missed": "bad", "open": "faint"}


def write_tracker(
    runs: Sequence[Run],
    out: Path,
    targets: Sequence[Target] = TARGETS,
    present: Mapping[str, str] | None = None,
    machine: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write both pages into a folder and return them: the same records on the same machine give the same bytes.

    `present` and `machine` are versions and machine to hold the records against; nothing is out of date without them. UserError where `out` holds
    other files.
    """
    foreign = out.is_dir() and any(
        file.name not in FILES and not file.name.startswith(".") for file in out.iterdir()
    )
    if foreign and not (out / FILES[0]).exists():
        raise UserError(f"{out} holds other files; choose an empty folder with --out")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder with --out")
    document = tracker(runs, targets, present or {}, machine or {})
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from None
    written = []
    for name, content in zip(FILES, (html(document), markdown(document)), strict=True):
        with jsonl.whole_file(out / name) as file:
            file.write(content.encode())
        written.append(out / name)
    return written


def tracker(
    runs: Sequence[Run], targets: Sequence[Target], present: Mapping[str, str], machine: Mapping[str, Any]
) -> Document:
    systems = systems_of(runs)
    own = [system for system in systems if not system.is_reported]
    blocks = [
        *_quick(systems, targets),
        *plots.plots(systems, targets),
        *_targets(systems, targets),
        *_best(systems),
        *_changes(systems),
        *_consistency(own),
        *_anew(own, present, machine),
        *_phases(systems),
    ]
    return Document("Performance tracker", _lead(systems, own, runs), blocks)


def _lead(systems: Sequence[System], own: Sequence[System], runs: Sequence[Run]) -> str:
    done = sum(run.kind != "reported" for run in runs)
    reported = len(systems) - len(own)
    said = f"{_count(len(own), 'system')} of {_count(done, 'run')} recorded here"
    if not own:
        said = "Nothing was recorded here yet"
    return f"{said}, beside {_count(reported, 'result')} that others reported." if reported else f"{said}."


def _quick(systems: Sequence[System], targets: Sequence[Target]) -> list[Block]:
    if not systems:
        return [Heading("Quick reference", anchor="quick"), Paragraph("Nothing yet.")]
    by_metric = {target.metric: target for target in targets}
    rows = []
    for system in systems:
        cells = [_name(system), *(_quick_cell(system, key, by_metric.get(key)) for key in QUICK)]
        rows.append([*cells, Cell(_made_of(system), "faint")])
    head = ("system", *(_head(key) for key in QUICK), "what it is")
    about = "✓ meets its target, ✗ misses it. Figures without a note were measured here, as the newest run has them."
    if any(system.is_reported for system in systems):
        about += " Reported ones were measured by others, on another machine, and with other queries: they are no comparison, but a place to stand."
    numbers = frozenset(range(1, len(QUICK) + 1))
    return [
        Heading("Quick reference", anchor="quick"),
        Paragraph(about),
        Table("Quick reference", head, rows, numbers),
    ]


def _head(key: str) -> str:
    return {"steady_seconds": "a query", "model_gb": "disk", "inference_peak_gb": "memory"}.get(
        key, metric_of(key).label
    )


def _name(system: System) -> Cell:
    return Cell(system.label, "", "reported" if system.is_reported else "")


def _quick_cell(system: System, key: str, target: Target | None) -> Cell:
    value = system.metrics.get(key)
    if value is None:
        for instead, how in INSTEAD.get(key, {}).items():
            if instead in system.metrics:
                return Cell(told(instead, system.metrics[instead]), "", how.strip(" ()"))
        return Cell("")
    tone: Tone = ""
    sign = ""
    if target is not None:
        verdict = judged.reached(target, {key: value})[0]
        tone, sign = _TONES[verdict], {"met": " ✓", "missed": " ✗"}.get(verdict, "")
    counted = judged.share_of(value)
    if counted:
        return Cell(f"{100 * counted[0] / counted[1]:.1f} %{sign}", tone, f"{counted[0]:,} of {counted[1]:,}")
    return Cell(f"{told(key, value)}{sign}", tone)


def _made_of(system: System) -> str:
    """Base, dialect, rows and bits in one line."""
    told_of = dict(flat(system.configuration))
    parts = [system.base or str(told_of.get("system", ""))]
    parts += [str(told_of["dialect"])] if told_of.get("dialect") else []
    parts += [f"{told_of['data.rows']:,} rows"] if isinstance(told_of.get("data.rows"), int) else []
    parts += [f"{told_of['quantization.bits']} bits"] if "quantization.bits" in told_of else []
    return ", ".join(filter(None, parts))


def _targets(systems: Sequence[System], targets: Sequence[Target]) -> list[Block]:
    rows = []
    for system in systems:
        verdicts = [judged.reached(target, system.metrics) for target in targets]
        if all(verdict == "open" and not note for verdict, note in verdicts):
            continue
        cells = [
            Cell(
                "–" if verdict == "open" and not note else verdict if verdict != "open" else "",
                _TONES[verdict],
                note,
            )
            for verdict, note in verdicts
        ]
        met = sum(verdict == "met" for verdict, _ in verdicts)
        rows.append([_name(system), *cells, f"{met} of {len(targets)}"])
    head = ("system", *(_target_head(target) for target in targets), "met")
    blocks: list[Block] = [Heading("Targets", anchor="targets")]
    if not rows:
        return [*blocks, Paragraph("Nothing was measured yet that a target is for.")]
    about = "– was not measured. A share is not for sure where its interval of 95 % (Wilson) holds the target: with more queries it could turn out either way."
    return [*blocks, Paragraph(about), Table("Targets", head, rows, frozenset({len(head) - 1}))]


def _target_head(target: Target) -> str:
    metric = metric_of(target.metric)
    limit, sign = (target.below, "<") if target.below is not None else (target.at_least or 0.0, "≥")
    return f"{_head(target.metric)} {sign} {told(target.metric, limit if metric.unit != 'yes or no' else bool(limit))}"


def _best(systems: Sequence[System]) -> list[Block]:
    found = judged.best(systems)
    blocks: list[Block] = [Heading("Best so far", anchor="best")]
    if not found:
        return [*blocks, Paragraph("Nothing was measured yet.")]
    rows = [
        [
            Cell(metric_of(one.metric).label, "", one.among),
            Cell(told(one.metric, one.value)),
            Cell(one.system.label, "", "reported" if one.system.is_reported else ""),
            Cell(f"{one.of}", "faint"),
            Cell(one.note, "faint"),
        ]
        for one in found
    ]
    about = "Only what can be compared: shares of the same queries, times and memory on the same machine."
    head = ("metric", "best", "system", "of so many", "")
    return [*blocks, Paragraph(about), Table("Best so far", head, rows, frozenset({1, 3}))]


def _changes(systems: Sequence[System]) -> list[Block]:
    found = [change for change in judged.changes(systems) if change.effects]
    blocks: list[Block] = [Heading("What changed, and what it did", anchor="changes")]
    if not found:
        return [*blocks, Paragraph("There are no two systems of one base model with a figure in common yet.")]
    about = "Each system beside what it was made of, and beside the one before it that was made alike on the same base model. What stands side by side happened together: of several changes nobody knows which one did it."
    blocks.append(Paragraph(about))
    rows = []
    for change in found:
        changed = _changed(change)
        for number, effect in enumerate(change.effects):
            pair = f"{change.first.label} → {change.second.label}"
            start = ["", ""] if number else [pair, changed]
            rows.append([*start, _head(effect.metric), effect.figures, effect.said])
    head = ("from → to", "changed", "metric", "before → after", "what it did")
    return [*blocks, Table("What changed, and what it did", head, rows)]


def _changed(change: judged.Change) -> str:
    """The changes of a configuration in a line; of a stage that was not there before, what it is."""
    stages = {key.partition(".")[0] for key, _ in flat(change.first.configuration)}
    added: dict[str, list[str]] = {}
    said = []
    for key, old, new in change.changed:
        stage, dot, part = key.partition(".")
        if dot and stage not in stages:
            added.setdefault(stage, []).append(f"{_plainly(part)} {new}")
        else:
            said.append(f"{_plainly(key)} {old} → {new}")
    said += [f"{stage} added: {', '.join(parts)}" for stage, parts in added.items()]
    return "; ".join(said) or "nothing that was recorded"


def _plainly(key: str) -> str:
    """`quantization.bits` as a reader says it."""
    return key.replace(".", " ").replace("_", " ")


def _consistency(own: Sequence[System]) -> list[Block]:
    found = judged.consistency(own)
    blocks: list[Block] = [Heading("Run to run", anchor="consistency")]
    if not found:
        return [
            *blocks,
            Paragraph(
                "No system was measured twice in the same way yet. Three runs tell noise from a change; two can't."
            ),
        ]
    about = "Runs that were asked for alike, on one machine. The newest is held against what the earlier ones let expect (Student's t), so widely that chance alone brings any alarm for a system in one of twenty cases."
    tones: Mapping[str, Tone] = {"same": "", "noise": "", "changed": "bad", "untold": "faint"}
    rows = [
        [
            Cell(one.system.label),
            metric_of(one.metric).label,
            f"{one.runs}",
            one.mean,
            one.newest,
            Cell(one.verdict, tones[one.kind]),
        ]
        for one in found
    ]
    head = ("system", "metric", "runs", "mean", "newest, against those before", "verdict")
    return [*blocks, Paragraph(about), Table("Run to run", head, rows, frozenset({2, 3, 4}))]


def _anew(own: Sequence[System], present: Mapping[str, str], machine: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = [Heading("When to measure anew", anchor="anew")]
    if not own:
        said = "Once something is recorded here: when mlx-lm, the weights, their rounding, the tools or the machine are others than when it was measured."
        return [*blocks, Paragraph(said)]
    found = judged.out_of_date(own, present, machine)
    if not found:
        return [
            *blocks,
            Paragraph("Everything was measured with what is here now: the versions, the tools, the machine."),
        ]
    rows = [[Cell(system.label), "; ".join(reasons)] for system, reasons in found]
    return [*blocks, Table("When to measure anew", ("system", "because"), rows)]


def _phases(systems: Sequence[System]) -> list[Block]:
    phases: dict[str, list[System]] = {}
    for system in systems:
        phases.setdefault(system.phase, []).append(system)
    blocks: list[Block] = [Heading("Phases", anchor="phases")]
    for number, group in enumerate(phases.values(), 1):
        inside: list[Block] = []
        for system in group:
            if len(group) > 1:
                inside.append(Heading(system.label, 4))
            inside += _phase(system)
        mark = " (reported)" if all(system.is_reported for system in group) else ""
        blocks.append(Fold(f"{group[0].label}{mark}", f"phase-{number}", inside))
    return blocks


def _phase(system: System) -> list[Block]:
    blocks: list[Block] = []
    notes = list(dict.fromkeys(run.note for run in system.runs if run.note))
    sources = list(dict.fromkeys(run.source for run in system.runs if run.source))
    if notes or sources:
        blocks.append(Paragraph(" ".join([*notes, *(f"Reported by {source}." for source in sources)])))
    configured = [
        (key, value) for key, value in flat(system.configuration) if key != "evaluation.suite_sha256"
    ]
    if configured:
        rows = [[_plainly(key), str(value)] for key, value in configured]
        blocks.append(Table(f"Configuration of {system.label}", ("configuration", ""), rows))
    runs = [run for run in system.runs if run.metrics]
    keys = in_order(key for run in runs for key in run.metrics)
    if keys and len(runs) == 1:
        rows = [[metric_of(key).label, told(key, runs[0].metrics[key])] for key in keys]
        blocks.append(Table(f"Metrics of {system.label}", (_run_name(runs[0]), ""), rows, frozenset({1})))
    elif keys:
        shown = runs[-6:]
        head = ("metric", *(_run_name(run) for run in shown))
        rows = [[metric_of(key).label, *(told(key, run.metrics.get(key)) for run in shown)] for key in keys]
        if len(runs) > len(shown):
            blocks.append(Paragraph(f"The newest {len(shown)} of {len(runs)} runs."))
        blocks.append(Table(f"Metrics of {system.label}", head, rows, frozenset(range(1, len(head)))))
    elif not keys:
        blocks.append(Paragraph("No figures."))
    last = system.runs[-1]
    if not system.is_reported:
        versions = ", ".join(
            f"{name} {version}" for name, version in last.versions.items() if name != "tools"
        )
        blocks.append(Paragraph(f"Last run {last.started[:10]} on {judged.machine_of(last)}; {versions}."))
    return blocks


def _run_name(run: Run) -> str:
    if run.kind == "reported":
        return "reported"
    return f"{run.kind} {run.started[:10]} (#{run.id})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
