"""From what a command did to a record of it: one function a command. They read what was written and change nothing."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from punie_data import dataset, importing, jsonl
from punie_data.errors import UserError
from punie_data.history.metric import Value, value_of
from punie_data.history.run import Run, machine, versions
from punie_data.train import record

_NAMED = ("model", "adapter", "weights", "dialect", "system_prompt")
"""What a summary says of a system and what has a place of its own in the record."""


def weights_of(folder: Path) -> str:
    """The SHA-256 over a folder's weights, adapter or model: the same as `evaluate` names them by. "" where there are none."""
    files = sorted(folder.glob("*.safetensors"))
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.name}:{dataset.digest(file)}\n".encode())
    return whole.hexdigest() if files else ""


def artefact(folder: Path) -> dict[str, Any]:
    """Where it is, which weights it holds, and how large the folder is; what a run keeps in it to go on from is not counted."""
    kept = ("checkpoint", ".checkpoint.old", ".checkpoint.new")
    files = [
        file for file in folder.rglob("*") if file.is_file() and file.relative_to(folder).parts[0] not in kept
    ]
    size = sum(file.stat().st_size for file in files)
    return {"path": str(folder.resolve()), "weights": weights_of(folder), "bytes": size}


def dataset_id(source: Path) -> str:
    """The digest of a dataset's manifest, or of its file where there is none."""
    if source.is_dir() and (source / dataset.MANIFEST).is_file():
        return dataset.digest(source / dataset.MANIFEST)
    parts = dataset.part_files(source)
    if len(parts) == 1:
        return dataset.digest(next(iter(parts.values())))
    told = "".join(f"{name}:{dataset.digest(file)}\n" for name, file in parts.items())
    return hashlib.sha256(told.encode()).hexdigest()


def trained(source: Path, model: Path, out: Path, examples: int | None = None) -> Run:
    """A training of `source` on `model`, as the record beside the adapter tells it; `examples` are the conversations that were learned.

    UserError where there is no record, or the training is not done.
    """
    told = record.load(out)
    if told is None or not told.get("progress"):
        raise UserError(f"{out} holds no finished training")
    made, progress = artefact(out), told["progress"]
    settings = dict(told["made_of"]["settings"])
    seconds, tokens, losses = progress["seconds"], progress["trained_tokens"], progress["train_losses"]
    metrics: dict[str, Value | None] = {
        "examples": examples,
        "learned_tokens": tokens,
        "learned_tokens_per_second": tokens / seconds if seconds else None,
        "training_seconds": seconds,
        "training_peak_gb": progress.get("peak_gigabytes") or None,
        "adapter_mb": made["bytes"] / 1e6,
        "first_loss": losses[0][1] if losses else None,
        "last_loss": losses[-1][1] if losses else None,
        "valid_loss": progress["best_loss"],
    }
    configuration = {
        "model": model.resolve().name,
        "data": _data(source, examples),
        "dialect": settings.pop("dialect", None),
        "training": settings | {"steps": progress["step"], "engine": told.get("engine")},
    }
    return _run(
        "train",
        out,
        configuration,
        metrics,
        inputs={"model": weights_of(model)},
        artefacts={"adapter": made},
        dataset=dataset_id(source),
        identity=f"{told['identity']}:{made['path']}:{made['weights']}",
    )


def _data(source: Path, examples: int | None) -> dict[str, Any]:
    parts = dataset.part_files(source)
    main = parts.get("train") or parts.get("examples") or next(iter(parts.values()))
    kinds: dict[str, int] = {}
    for line in importing.records(main):
        if line.row is not None:
            kind = line.row["label"]["kind"]
            kinds[kind] = kinds.get(kind, 0) + 1
    total = sum(kinds.values())
    shares = {kind: round(count / total, 4) for kind, count in sorted(kinds.items())}
    return {"name": source.resolve().name, "rows": total, "examples": examples, "shares": shares}


def fused(model: Path, adapter: Path, out: Path, dequantize: bool) -> Run:
    """A fusion of `adapter` into `model`."""
    made = artefact(out)
    return _run(
        "fuse",
        out,
        {"model": model.resolve().name, "fusion": {"dequantized": dequantize}},
        {"model_gb": made["bytes"] / 1e9},
        inputs={"model": weights_of(model), "adapter": weights_of(adapter)},
        artefacts={"model": made},
    )


def quantized(
    model: Path,
    out: Path,
    bits: int | None,
    group_size: int,
    wider: Mapping[str, int],
    bits_per_weight: float | None = None,
    recipe: str | None = None,
) -> Run:
    """A rounding of `model` to so many bits, or by one of mlx-lm's recipes."""
    made = artefact(out)
    told: dict[str, Any] = {"bits": bits} if recipe is None else {"recipe": recipe}
    told["group_size"] = group_size
    if wider:
        told["wider"] = dict(wider)
    return _run(
        "quantize",
        out,
        {"model": model.resolve().name, "quantization": told},
        {"model_gb": made["bytes"] / 1e9, "bits_per_weight": bits_per_weight},
        inputs={"model": weights_of(model)},
        artefacts={"model": made},
    )


def evaluated(
    summary: Mapping[str, Any],
    results: Path | None = None,
    model: Path | None = None,
    adapter: Path | None = None,
    batch_size: int | None = None,
) -> Run:
    """An evaluation: `summary` and the file of its `results` as `evaluate` writes them; `model` and `adapter` where it was asked in process.

    Taken are the shares that the summary has (`strict`, `layers`, `by_kind`, `by_category`), and of the rows the outcome, the seconds and the calls.
    """
    system, suite = summary.get("system") or {}, summary.get("suite") or {}
    metrics: dict[str, Any] = {"accuracy": _share(summary.get("strict")), "unscored": summary.get("unscored")}
    metrics["right_decision"] = _share((summary.get("layers") or {}).get("decision"))
    for key in ("by_kind", "by_category"):
        for part, share in (summary.get(key) or {}).items():
            metrics[f"accuracy/{part}"] = _share(share)
    fields = _share((summary.get("layers") or {}).get("fields"))
    metrics["field_access"] = metrics.get("accuracy/field_access") or fields
    rows = list(_rows(results)) if results is not None else []
    metrics |= _of_answers(rows, batch_size)
    configuration: dict[str, Any] = {
        "model": system.get("model") or (model.resolve().name if model else ""),
        "dialect": system.get("dialect"),
        "evaluation": {
            "suite": suite.get("name"),
            "suite_sha256": suite.get("sha256"),
            "queries": suite.get("queries"),
            "batch_size": batch_size,
            "system_prompt": _short(system.get("system_prompt")),
        },
    }
    configuration["evaluation"] |= {key: value for key, value in system.items() if key not in _NAMED}
    configuration["evaluation"] = {
        key: value for key, value in configuration["evaluation"].items() if value not in (None, "")
    }
    run = measured(
        "evaluate",
        adapter or model or Path(str(system.get("model") or "system")),
        configuration,
        metrics,
        model,
        adapter,
    )
    answers = {
        str(row["id"]): row["strict"] for row in rows if isinstance(row.get("strict"), bool) and "id" in row
    }
    return replace(run, answers=answers, dataset=str(suite.get("sha256") or ""))


def benched(
    configuration: Mapping[str, Any],
    metrics: Mapping[str, Any],
    model: Path | None = None,
    adapter: Path | None = None,
    name: str = "",
) -> Run:
    """A bench of one system, for `history.record` as all others.

    `configuration` is what was asked for (queries, repetitions, tokens, cache, draft model …); `metrics` are those of `metric.METRICS`: `load_seconds`,
    `warm_up_seconds`, `steady_seconds` (the median of a query once warm), `steady_p95_seconds`, `prompt_tokens_per_second`, `tokens_per_second`,
    `inference_peak_gb`; None for what was not measured. Record one run a repetition, and the tracker tells noise from change.
    """
    told = {"model": model.resolve().name if model else name, "bench": dict(configuration)}
    return measured("bench", adapter or model or Path(name), told, metrics, model, adapter)


def measured(
    kind: str,
    folder: Path,
    configuration: Mapping[str, Any],
    metrics: Mapping[str, Any],
    model: Path | None,
    adapter: Path | None,
) -> Run:
    """A record of a system that was measured: its sizes and fingerprints are taken from its folders."""
    found = dict(metrics)
    inputs = {}
    for role, place in (("model", model), ("adapter", adapter)):
        if place is not None and place.is_dir():
            one = artefact(place)
            inputs[role] = one["weights"]
            found.setdefault(
                "model_gb" if role == "model" else "adapter_mb",
                one["bytes"] / (1e9 if role == "model" else 1e6),
            )
    return _run(kind, folder, configuration, found, inputs=inputs)


def _run(
    kind: str, folder: Path, configuration: Mapping[str, Any], metrics: Mapping[str, Any], **rest: Any
) -> Run:
    """UserError for a metric that there is not, which is a mistake of ours."""
    kept = {key: value_of(key, value) for key, value in metrics.items() if value is not None}
    name = folder.resolve().name or folder.name
    return Run(kind, name, dict(configuration), kept, versions=versions(), machine=machine(), **rest)


def _share(told: Any) -> Value | None:
    """Of a summary's share what is counted; None where it is of nothing."""
    if not isinstance(told, Mapping) or not told.get("total"):
        return None
    return {"passed": told["passed"], "total": told["total"]}


def _rows(results: Path) -> Iterable[Mapping[str, Any]]:
    for line in jsonl.read(results):
        if line.problem or not isinstance(line.row, dict):
            raise UserError(f"{results}:{line.number}: {line.problem or 'no result'}")
        yield line.row


def _of_answers(rows: list[Mapping[str, Any]], batch_size: int | None) -> dict[str, Any]:
    """Seconds a query, and the calls: how many, and of which tools where the rows name them."""
    found: dict[str, Any] = {}
    asked = [row for row in rows if not row.get("unscored")]
    seconds = [row["seconds"] for row in asked if isinstance(row.get("seconds"), int | float)]
    if seconds:
        key = "seconds_per_query" if batch_size == 1 else "batched_seconds"
        found[key] = sum(seconds) / len(seconds)
    if any("decided" in row for row in asked):
        called = [row for row in asked if row.get("decided") == "tool"]
        found["tool_calls"] = len(called)
        found["autonomous"] = bool(called)
    tools: dict[str, int] = {}
    for row in asked:
        for call in row.get("calls") or ():
            tool = call.get("name") if isinstance(call, Mapping) else call
            tools[str(tool)] = tools.get(str(tool), 0) + 1
    if tools:
        found["tool_calls"] = sum(tools.values())
        found |= {f"tool_calls/{tool}": count for tool, count in sorted(tools.items())}
    turns = [row["turns"] for row in asked if isinstance(row.get("turns"), int)]
    if turns:
        found["turns"] = sum(turns) / len(turns)
    return found


def _short(prompt: Any) -> str | None:
    """A prompt's digest: the same prompt is the same, and a long one doesn't fill the table."""
    return hashlib.sha256(str(prompt).encode()).hexdigest()[:12] if prompt else None
