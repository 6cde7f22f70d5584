"""What is looked at before an hour is spent: memory, disk, rows, masks, template, delimiters, epochs, the dataset's lock, and the speed of the machine."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from punie_data import dataset, dialects, importing
from punie_data.dialects.base import Refused
from punie_data.dialects.mask import Masked
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.models.memory import available_memory
from punie_data.preflight.delimiters import MANY, NoWeights, collinear
from punie_data.train import fast_blas
from punie_data.train.data import batches, learned_turns
from punie_data.train.memory import Shape, activations, architecture, needed, shares
from punie_data.train.packing import packed
from punie_data.train.prefix import shared
from punie_data.train.run import Run

State = Literal["ok", "warning", "refused"]
MANY_EPOCHS, FEW_ROWS = 10, 1000
FEW_STEPS = 20
MOST_LEFT_OUT = 0.5
"""The share of rows that may be left out before the set is another one than the one that was meant."""
ERROR = 0.15
"""By how much the estimate of the memory may be wrong: within that of what there is, it is a warning."""


@dataclass(frozen=True, slots=True)
class Check:
    """`said` is a sentence; what is refused says why and what to do."""

    name: str
    state: State
    said: str


def preflight(run: Run, out: Path, processes: int = 1) -> tuple[Check, ...]:
    """Every check, in the order of the list below; none of them loads the model. `processes` of this machine will share the training."""
    checks: tuple[tuple[str, Callable[[], tuple[State, str]]], ...] = (
        ("memory", lambda: _memory(run, processes)),
        ("disk", lambda: _disk(run, out)),
        ("rows", lambda: _rows(run)),
        ("mask", lambda: _mask(run)),
        ("template", lambda: _template(run)),
        ("delimiters", lambda: _delimiters(run)),
        ("epochs", lambda: _epochs(run)),
        ("valid", lambda: _valid(run)),
        ("dataset", lambda: _dataset(run)),
        ("base", lambda: _base(run)),
        ("speed", lambda: _speed(run)),
    )
    return tuple(Check(name, *check()) for name, check in checks)


CHECKS = (
    "memory",
    "disk",
    "rows",
    "mask",
    "template",
    "delimiters",
    "epochs",
    "valid",
    "dataset",
    "base",
    "speed",
)


def taken(run: Run) -> tuple[Masked, ...]:
    """The sequences that batches are made of."""
    settings = run.settings
    if not settings.packing:
        return run.train.sequences
    return packed(run.train.sequences, settings.max_seq_length, settings.seed)


def largest(run: Run) -> Shape:
    """The batch of the first epoch that takes most."""
    shape, share = architecture(run.model), shares(run.model)
    sequences, settings = taken(run), run.settings
    found = []
    for indices in batches(sequences, settings.batch_size, settings.seed, 0):
        batch = [sequences[index] for index in indices]
        width = max(len(one.tokens) for one in batch)
        learned = sum(one.trained for one in batch)
        found.append(Shape(len(batch), width, learned, shared(batch) if share else 0))
    return max(found, key=lambda batch: activations(shape, settings, batch))


def _memory(run: Run, processes: int) -> tuple[State, str]:
    try:
        need = needed(run.model, run.settings, largest(run))
    except UserError as error:
        return "warning", f"can't be estimated: {error}"
    # Each process has all weights and what is trained; a batch is shared by them, or, where a step has more, each takes one.
    batches_held = max(1, min(processes, run.settings.grad_accumulation_steps))
    memory = processes * (need.weights + need.trained) + batches_held * need.activations
    said = f"about {_size(memory)}: weights {_size(need.weights)}, what is trained {_size(need.trained)}, the largest batch {_size(need.activations)}"
    if processes > 1:
        said += f", for {processes} processes"
    available = available_memory()
    if available is None:
        return "ok", said
    said += f"; {_size(available)} can be had"
    if memory > (1 + ERROR) * available:
        process = "fewer processes or " if processes > 1 else ""
        return "refused", f"{said}: {process}a smaller batch_size, max_seq_length or layers takes less"
    return ("warning", f"{said}: close") if memory > (1 - ERROR) * available else ("ok", said)


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _disk(run: Run, out: Path) -> tuple[State, str]:
    try:
        need = needed(run.model, run.settings, Shape(1, 1, 1)).disk
    except UserError as error:
        return "warning", f"can't be estimated: {error}"
    there = next(place for place in (out, *out.absolute().parents) if place.is_dir())
    free = shutil.disk_usage(there).free
    said = f"about {_size(need)} with two checkpoints, {_size(free)} free"
    return ("refused", said) if need > free else ("ok", said)


def _rows(run: Run) -> tuple[State, str]:
    lost: dict[str, int] = {}
    for row in run.lost:
        lost[row.reason] = lost.get(row.reason, 0) + 1
    kept = len(run.train.sequences) + (len(run.valid.sequences) if run.valid else 0)
    if not lost:
        longest = max(len(one.tokens) for one in run.train.sequences)
        return (
            "ok",
            f"all {kept:,} fit, none is cut: the longest has {longest:,} of {run.settings.max_seq_length:,} tokens",
        )
    reasons = "; ".join(f"{count:,} {reason}" for reason, count in sorted(lost.items()))
    share = len(run.lost) / (len(run.lost) + kept)
    said = f"{len(run.lost):,} of {len(run.lost) + kept:,} are left out whole: {reasons}"
    if share > MOST_LEFT_OUT:
        return "refused", f"{said}; raise max_seq_length, or choose another dialect"
    return "warning", said


def _mask(run: Run) -> tuple[State, str]:
    """Held against the rows themselves: each turn of the assistant is read back from the tokens that are learned."""
    template = Template.load(run.model)
    written = dialects.load(run.settings.dialect)
    turns = said = learned = 0
    parts = [("train", run.train), *([("valid", run.valid)] if run.valid else [])]
    for name, prepared in parts:
        lost = {row.line for row in prepared.lost}
        rows = (line for line in importing.records(run.files[name]) if line.number not in lost)
        for line, sequence in zip(rows, prepared.sequences, strict=True):
            assert line.row is not None
            tools = dialects.signatures(line.row["tools"])
            if isinstance(tools, Refused):
                return "refused", f"{run.files[name]}:{line.number}: {tools.reason}"
            rendered = written.render(line.row, tools, run.system_prompt)
            if isinstance(rendered, Refused):
                return "refused", f"{run.files[name]}:{line.number}: {rendered.reason}"
            whole = run.settings.whole if name == "train" else 1.0
            wanted = [message for message in rendered.messages if message["role"] == "assistant"]
            wanted = wanted[: learned_turns(line.row, whole)]
            found = [_squeezed(template.decode(sequence.tokens[start:end])) for start, end in sequence.turns]
            turns += len(wanted)
            if len(wanted) != len(found):
                return (
                    "refused",
                    f"{run.files[name]}:{line.number}: {len(found)} of {len(wanted)} turns of the assistant are learned",
                )
            for message, text in zip(wanted, found, strict=True):
                content = _squeezed(message.get("content") or "")
                said += len(content)
                learned += len(content) if content in text else 0
    share = learned / said if said else 1.0
    if share < 1:
        return "refused", f"only {share:.2%} of what the assistant says is learned: the template rewrites it"
    trained, tokens = run.train.trained_tokens, run.train.tokens
    return (
        "ok",
        f"100 % of {turns:,} turns of the assistant is learned, and nothing else: {trained:,} of {tokens:,} tokens",
    )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _template(run: Run) -> tuple[State, str]:
    template = Template.load(run.model)
    native = run.settings.dialect == "native"
    if native and not template.shows_tools:
        return "refused", "the chat template writes no tools: choose --dialect hermes or json-fence"
    if template.parser:
        return "ok", f"mlx_lm.server reads calls with {template.parser}"
    return (
        "ok",
        f"names no parser that mlx_lm.server would read calls with: {run.settings.dialect} is read by this toolkit",
    )


def _delimiters(run: Run) -> tuple[State, str]:
    """The delimiters of calls, and every special token that is to be learned (the end of a turn is one): LoRA leaves their embeddings as they are."""
    template = Template.load(run.model)
    texts = dialects.load(run.settings.dialect).delimiters
    if run.settings.dialect == "native":
        texts = tuple(text for text in texts if text in template.source)
    special = {
        text: template.encode(text)[0] for text in template.special_tokens if template.is_single_token(text)
    }
    learned = {
        token for one in run.train.sequences for start, end in one.turns for token in one.tokens[start:end]
    }
    looked = {text: token for text, token in special.items() if token in learned}
    looked |= {text: template.encode(text)[0] for text in texts if template.is_single_token(text)}
    several = [f"{text} is {len(template.encode(text))} tokens" for text in texts if text not in looked]
    if run.settings.method == "full":
        return "ok", "embeddings are trained too"
    try:
        counts = collinear(run.model, sorted(set(looked.values())))
    except NoWeights as error:
        return "warning", f"the embeddings were not looked at: {error}"
    dead = {text: counts[token] for text, token in sorted(looked.items()) if counts.get(token, 0) >= MANY}
    if dead:
        names = ", ".join(f"{text} (as {count:,} others)" for text, count in dead.items())
        return (
            "refused",
            f"never trained: {names}; LoRA leaves embeddings as they are: choose --dialect json-fence, or method=full",
        )
    names = " ".join(sorted(looked)) or "none"
    return "ok", f"single tokens with embeddings of their own: {names}" + (
        f"; {', '.join(several)}" if several else ""
    )


def _epochs(run: Run) -> tuple[State, str]:
    rows, epochs = len(run.train.sequences), run.settings.epochs
    size = run.settings.batch_size * run.settings.grad_accumulation_steps
    sequences = len(taken(run))
    steps = -(-sequences // size) * epochs
    packed_into = f", packed into {sequences:,} sequences" if run.settings.packing else ""
    said = f"{epochs:g} over {rows:,} rows{packed_into}: about {round(steps):,} steps of {size}"
    if epochs > MANY_EPOCHS and rows < FEW_ROWS:
        return "warning", f"{said}; so few rows are learned by heart"
    return ("warning", f"{said}: few") if steps < FEW_STEPS else ("ok", said)


def _valid(run: Run) -> tuple[State, str]:
    if run.valid is not None:
        return "ok", f"{len(run.valid.sequences):,} rows, all of them at every look"
    if run.settings.patience:
        return "refused", "patience needs a valid.jsonl: `punie-data split` makes one"
    return "warning", "no valid.jsonl: the last weights are kept, whether they are the best or not"


def _dataset(run: Run) -> tuple[State, str]:
    """The lock: what the manifest says of the files is still so, and the digests are recorded with the adapter."""
    files = dataset.manifest_of(run.source).get("files", {})
    for name, file in run.files.items():
        wanted = files.get(file.name)
        if wanted and wanted != run.made_of[name]:
            return "refused", f"{file.name} is not what its manifest says: it was changed after it was made"
    return "ok", f"train {str(run.made_of['train'])[:12]}" + (
        "" if files else "; nobody wrote a manifest for it"
    )


def _base(run: Run) -> tuple[State, str]:
    bits = architecture(run.model).bits
    if bits is None:
        return "ok", "not quantized"
    return (
        "ok",
        f"quantized to {bits} bits: `punie-data fuse` dequantizes, and rounding again is judged by `punie-data survival`",
    )


def _speed(run: Run) -> tuple[State, str]:
    import mlx.core as mx

    if mx.default_device().type != mx.DeviceType.cpu:
        return "ok", "the GPU"
    kind = architecture(run.model).dtype
    slow = (
        "" if kind in ("F32", "U32") else f"weights in {kind}: in float32 a processor is several times faster"
    )
    if fast_blas.is_loaded():
        return ("warning", slow) if slow else ("ok", "a processor with OpenBLAS")
    found = fast_blas.fast_blas()
    if found is None:
        return "warning", "; ".join(filter(None, (fast_blas.SLOW, slow)))
    said = "a processor; OpenBLAS is installed and will be used"
    return ("warning", f"{said}; {slow}") if slow else ("ok", said)
