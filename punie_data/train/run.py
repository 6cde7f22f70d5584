"""A training run from folders: the dataset, the model, and what the run is a function of."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from punie_data import __version__, dataset
from punie_data.chat import canonical
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.train.checkpoint import Progress
from punie_data.train.data import Lost, Prepared, prepare
from punie_data.train.loop import Tell, train
from punie_data.train.settings import Settings


@dataclass(frozen=True, slots=True)
class Run:
    """What will be trained, before the first step. `identity` is a digest of all that the outcome depends on."""

    model: Path
    settings: Settings
    train: Prepared
    valid: Prepared | None
    identity: str

    @property
    def lost(self) -> tuple[Lost, ...]:
        return (*self.train.lost, *(self.valid.lost if self.valid else ()))


def plan(source: Path, model: Path, settings: Settings, system_prompt: str | None = None) -> Run:
    """Read the rows. `source` is a file, or a folder with `train.jsonl` (or `examples.jsonl`) and, for the losses between, `valid.jsonl`.

    The system prompt is the manifest's where none is given. UserError where there is nothing to train on, or no model.
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
    if system_prompt is None:
        system_prompt = str(dataset.manifest_of(source).get("system_prompt", ""))
    template = Template.load(model)
    longest = settings.max_seq_length
    prepared = prepare(main, template, settings.dialect, system_prompt, longest)
    valid = parts.get("valid")
    held_out = prepare(valid, template, settings.dialect, system_prompt, longest) if valid else None
    told = {
        "version": __version__,
        "settings": settings.to_json(),
        "system_prompt": system_prompt,
        "train": dataset.digest(main),
        "valid": dataset.digest(valid) if valid else "",
        "model": fingerprint(model),
    }
    return Run(model, settings, prepared, held_out, hashlib.sha256(canonical(told)).hexdigest())


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


def start(run: Run, out: Path, tell: Tell) -> Progress:
    """Train, or go on. The adapter is in `out`."""
    valid = run.valid.sequences if run.valid else ()
    return train(run.model, run.train.sequences, valid, run.settings, out, run.identity, tell)
