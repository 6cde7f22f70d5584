"""A training run from folders: the dataset, the model, and what the run is a function of."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data import __version__, dataset
from punie_data.chat import canonical
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.train import record, stock
from punie_data.train.behaviour import behaviour as ready
from punie_data.train.checkpoint import Progress
from punie_data.train.data import Lost, Prepared, prepare
from punie_data.train.loop import Report, Tell, train
from punie_data.train.settings import Settings
from punie_data.train.world import world

ENGINES = ("punie-data", "mlx-lm-cli")


@dataclass(frozen=True, slots=True)
class Run:
    """What will be trained, before the first step. `identity` is a digest of all that the outcome depends on, which `made_of` says one by one;
    `files` are the files of rows by their part.
    """

    model: Path
    settings: Settings
    train: Prepared
    valid: Prepared | None
    identity: str
    source: Path
    files: Mapping[str, Path]
    system_prompt: str
    made_of: Mapping[str, Any]
    engine: str
    behaviour: Path | None = None
    behaviour_every: int = 0

    @property
    def lost(self) -> tuple[Lost, ...]:
        return (*self.train.lost, *(self.valid.lost if self.valid else ()))

    @property
    def told(self) -> dict[str, Any]:
        """For the record in the adapter's folder."""
        manifest = self.source / dataset.MANIFEST
        return {
            "identity": self.identity,
            "engine": self.engine,
            "made_of": dict(self.made_of),
            "dataset": {
                "name": self.source.resolve().name,
                "manifest": dataset.digest(manifest) if manifest.is_file() else None,
            },
            "model": self.model.resolve().name,
        }


def plan(
    source: Path,
    model: Path,
    settings: Settings,
    system_prompt: str | None = None,
    engine: str = ENGINES[0],
    behaviour: Path | None = None,
    behaviour_every: int = 0,
) -> Run:
    """Read the rows. `source` is a file, or a folder with `train.jsonl` (or `examples.jsonl`) and, for the losses between, `valid.jsonl`.

    The system prompt is the manifest's where none is given. `behaviour` is a suite that is asked at the end and, every so many steps, between. UserError
    where there is nothing to train on, or no model.
    """
    settings.check()
    try:
        import mlx_lm  # noqa: F401  (asked here, so that it is told before any work)
    except ImportError:
        raise UserError("training needs mlx-lm: pip install 'punie-data[train]'") from None
    parts = dataset.part_files(source)
    main = parts.get("train") or parts.get("examples") or next(iter(parts.values()))
    if source.is_dir() and "train" not in parts and "examples" not in parts:
        raise UserError(f"{source} holds neither train.jsonl nor examples.jsonl")
    manifests = str(dataset.manifest_of(source).get("system_prompt", ""))
    if engine != ENGINES[0] and system_prompt not in (None, manifests):
        raise UserError("--system-prompt: this engine exports the set, with the manifest's system prompt")
    prompt = manifests if system_prompt is None else system_prompt
    if behaviour is not None and engine != ENGINES[0]:
        raise UserError("--behaviour: mlx-lm looks at the loss alone, and keeps the last weights")
    template = Template.load(model)
    longest = settings.max_seq_length
    prepared = prepare(
        main,
        template,
        settings.dialect,
        prompt,
        longest,
        settings.whole,
        settings.answer_weight,
        settings.opening_weight,
    )
    valid = parts.get("valid")
    held_out = prepare(valid, template, settings.dialect, prompt, longest) if valid else None
    made_of = {
        "version": __version__,
        "settings": settings.to_json(),
        "system_prompt": hashlib.sha256(prompt.encode()).hexdigest(),
        "train": dataset.digest(main),
        "valid": dataset.digest(valid) if valid else "",
        "model": fingerprint(model),
        "engine": engine,
        **({"behaviour": dataset.digest(behaviour), "every": behaviour_every} if behaviour else {}),
    }
    files = {"train": main, **({"valid": valid} if valid else {})}
    identity = hashlib.sha256(canonical(made_of)).hexdigest()
    return Run(
        model=model,
        settings=settings,
        train=prepared,
        valid=held_out,
        identity=identity,
        source=source,
        files=files,
        system_prompt=prompt,
        made_of=made_of,
        engine=engine,
        behaviour=behaviour,
        behaviour_every=behaviour_every,
    )


def fingerprint(model: Path) -> str:
    """The SHA-256 of a model's configuration, tokenizer and weights: which model it was, beyond doubt. UserError where it has no weights."""
    weights = sorted(model.glob("*.safetensors"))
    if not weights:
        raise UserError(f"{model} holds no weights (*.safetensors)")
    whole = hashlib.sha256()
    for file in (model / "config.json", model / "tokenizer.json", *weights):
        if not file.is_file():
            raise UserError(f"{model} holds no {file.name}: it is no model in MLX form")
        whole.update(f"{file.name}:{dataset.digest(file)}\n".encode())
    return whole.hexdigest()


def start(run: Run, out: Path, tell: Tell, say: Callable[[str], None] = lambda line: None) -> Progress:
    """Train, or go on. The adapter is in `out`, and what the run was in its `training.json`; `say` is told what an engine does otherwise."""
    everybody = world()
    if everybody.size > 1 and run.engine != ENGINES[0]:
        raise UserError(
            "mlx.launch starts this engine as often as there are processes: use the other one, or one process"
        )
    if everybody.writes:
        record.begin(out, run.told)
    before = (record.load(out) or {}).get("progress")
    peak = float((before or {}).get("peak_gigabytes", 0.0))

    def told(report: Report) -> None:
        nonlocal peak
        peak = max(peak, report.gigabytes)
        tell(report)

    if run.engine == ENGINES[0]:
        valid = run.valid.sequences if run.valid else ()
        behave = ready(run.behaviour, run.model, run.settings, run.system_prompt) if run.behaviour else None
        progress = train(
            run.model,
            run.train.sequences,
            valid,
            run.settings,
            out,
            run.identity,
            told,
            behave,
            run.behaviour_every,
        )
    elif before:
        return Progress(**{key: value for key, value in before.items() if key != "peak_gigabytes"})
    else:
        progress, peak = stock.train(run.source, run.model, run.settings, out, run.identity, tell, say)
    if everybody.writes:
        record.finish(out, run.told, progress, peak)
    return progress
