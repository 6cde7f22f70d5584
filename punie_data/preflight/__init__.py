"""Preflight: whether an export walks into one of the traps of mlx-lm's data code. Each is judged by what mlx-lm really makes of the files."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from punie_data.dataset import manifest_of
from punie_data.dialects import load
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.export.order import order, padding
from punie_data.preflight.delimiters import NoWeights, untrained
from punie_data.preflight.loader import loader_of
from punie_data.preflight.survey import Judge, Survey, survey

State = Literal["ok", "trap", "note"]
SPARE_PADDING = 0.05
"""Padding above that of the order in which `export` would put the rows, which is not yet called a trap."""
SPARE_SINGLE = 0.25
"""The same for the share of batches of a single kind, above what chance would give."""
TRAPS = {
    1: "every assistant turn is trained",
    2: "batches waste little and keep the kinds mixed",
    3: "all rows have the same keys",
    4: "every file fills a batch",
    5: "nothing is cut",
    6: "all rows have one format",
    7: "the mask ends where the answer starts",
    8: "the chat template takes every call",
    9: "fusing keeps what was learned",
    14: "no arguments are filled up with null",
    15: "the model knows the tokens around calls",
}
"""By number, as the README has them. The numbers between are taken by traps that are none of the data's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    trap: int
    state: State
    said: str

    @property
    def name(self) -> str:
        return TRAPS[self.trap]


@dataclass(frozen=True, slots=True)
class Preflight:
    """`read_by` names whose data code the rows went through."""

    read_by: str
    verdicts: tuple[Verdict, ...]

    @property
    def traps(self) -> int:
        return sum(verdict.state == "trap" for verdict in self.verdicts)


def preflight(
    folder: Path,
    tokenizer: Path,
    batch_size: int | None = None,
    max_seq_length: int | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> Preflight:
    """Judge the train, valid and test files of a folder. Sizes that are not given come from the export's manifest, else they are mlx-lm's defaults.

    UserError where there is no train.jsonl, or no tokenizer.
    """
    files = [path for name in ("train", "valid", "test") if (path := folder / f"{name}.jsonl").is_file()]
    if not files or files[0].stem != "train":
        raise UserError(f"{folder} holds no train.jsonl, which mlx-lm trains on")
    steps = manifest_of(folder).get("steps") or [{}]
    given = steps[-1].get("options") or {}
    batch_size = batch_size or given.get("batch_size") or 4
    max_seq_length = max_seq_length or given.get("max_seq_length") or 2048
    template = Template.load(tokenizer)
    judge = Judge(template, loader_of(template), template.arguments, max_seq_length)
    found = []
    for path in files:
        one = Survey(path.stem)
        for count in survey(path, one, judge):
            advance(count)
        found.append(one)
    verdicts = [
        _turns(found),
        _batches(found, judge.loader.batches, batch_size, max_seq_length),
        _keys(found),
        _sizes(found, batch_size),
        _lengths(found, max_seq_length),
        _format(found),
        _prefix(found),
        _calls(found),
        _fusing(tokenizer),
        _nulls(found),
        _delimiters(template, tokenizer, found[0].dialect),
    ]
    return Preflight(judge.loader.name, tuple(verdicts))


def _turns(found: Sequence[Survey]) -> Verdict:
    said = []
    for one in found:
        missed = {
            kind: [line for digest, line in turns.items() if digest not in one.ends]
            for kind, turns in (("tool calls", one.calling_turns), ("answers", one.answering_turns))
        }
        if any(missed.values()):
            lines = [line for group in missed.values() for line in group]
            parts = [
                f"{len(missed[kind])} of {len(turns)} {kind}"
                for kind, turns in (("tool calls", one.calling_turns), ("answers", one.answering_turns))
                if missed[kind]
            ]
            said.append(
                f"{one.name}: {' and '.join(parts)} get no loss with --mask-prompt, {_where(one, lines)}"
            )
    if said:
        return Verdict(1, "trap", "; ".join(said))
    calls = sum(len(one.calling_turns) for one in found)
    answers = sum(len(one.answering_turns) for one in found)
    if not calls + answers:
        return Verdict(1, "ok", "rows without a mask: all of each is trained")
    return Verdict(1, "ok", f"{calls} tool calls and {answers} answers, each the end of a row")


def _batches(
    found: Sequence[Survey], batches: Callable[..., list[list[int]]], batch_size: int, max_seq_length: int
) -> Verdict:
    bad, good = [], []
    for one in found:
        if len(one.lengths) < batch_size:
            continue
        made = batches(one.key_counts, one.lengths, batch_size, max_seq_length)
        here = padding([one.lengths[n] for batch in made for n in batch], batch_size, max_seq_length)
        names = sorted(set(one.kinds))
        mixed = order(one.lengths, [names.index(kind) for kind in one.kinds], batch_size)
        best = padding([one.lengths[number] for number in mixed], batch_size, max_seq_length)
        best = max(best, padding(sorted(one.lengths), batch_size, max_seq_length))
        single = sum(len({one.kinds[n] for n in batch}) == 1 for batch in made) / len(made)
        shares = [one.kinds.count(kind) / len(one.kinds) for kind in names]
        chance = sum(share**batch_size for share in shares)
        figures = f"{one.name}: {here:.1%} padding ({best:.1%} in the order of export)"
        if here > best + SPARE_PADDING:
            bad.append(f"{figures}: the rows are not in order of length")
        elif len(shares) > 1 and single > chance + SPARE_SINGLE:
            bad.append(
                f"{one.name}: {single:.0%} of the batches hold a single kind, chance gives {chance:.0%}"
            )
        else:
            good.append(figures)
    return (
        Verdict(2, "trap", "; ".join(bad)) if bad else Verdict(2, "ok", "; ".join(good) or "no whole batch")
    )


def _keys(found: Sequence[Survey]) -> Verdict:
    bad = [
        f"{one.name}: {len(one.other_keys)} rows have other keys than the first, and are batched apart, {_where(one, one.other_keys)}"
        for one in found
        if one.other_keys
    ]
    keys = ", ".join(sorted(found[0].keys))
    return Verdict(3, "trap", "; ".join(bad)) if bad else Verdict(3, "ok", keys)


def _sizes(found: Sequence[Survey], batch_size: int) -> Verdict:
    bad = [
        f"{one.name} has {one.rows} rows, less than a batch of {batch_size}"
        for one in found
        if one.rows < batch_size
    ]
    good = [
        f"{one.name}: {one.rows} rows"
        + (f", the last {over} never read" if (over := one.rows % batch_size) else "")
        for one in found
    ]
    return Verdict(4, "trap", "; ".join(bad)) if bad else Verdict(4, "ok", "; ".join(good))


def _lengths(found: Sequence[Survey], max_seq_length: int) -> Verdict:
    bad = [
        f"{one.name}: {len(one.too_long)} rows are longer than {max_seq_length} tokens and lose their end"
        + (f", {len(one.only_prompt)} of them the whole answer (the loss is NaN)" if one.only_prompt else "")
        + f", {_where(one, one.too_long)}"
        for one in found
        if one.too_long
    ]
    if bad:
        return Verdict(5, "trap", "; ".join(bad))
    longest = max((length for one in found for length in one.lengths), default=0)
    return Verdict(5, "ok", f"the longest row has {longest} of {max_seq_length} tokens")


def _format(found: Sequence[Survey]) -> Verdict:
    bad = []
    for one in found:
        if one.unread:
            line, problem = one.unread[0]
            bad.append(f"{one.name}.jsonl:{line}: {problem}")
        if one.rows and not one.form:
            bad.append(
                f"{one.name}.jsonl: the first row has neither messages, nor prompt and completion, nor text"
            )
        elif one.other_form:
            bad.append(
                f"{one.name}: {len(one.other_form)} rows have no {one.form}, as the first has, {_where(one, one.other_form)}"
            )
    return Verdict(6, "trap", "; ".join(bad)) if bad else Verdict(6, "ok", found[0].form)


def _prefix(found: Sequence[Survey]) -> Verdict:
    bad = [
        f"{one.name}: the prompt of {len(one.no_prefix)} rows is no prefix of the whole, {_where(one, one.no_prefix)}"
        for one in found
        if one.no_prefix
    ]
    if bad:
        return Verdict(7, "trap", "; ".join(bad))
    masked = sum(sum(one.offsets) for one in found)
    tokens = sum(sum(one.lengths) for one in found)
    share = 1 - masked / tokens if tokens else 0.0
    return Verdict(7, "ok", f"{share:.1%} of the tokens get loss")


def _calls(found: Sequence[Survey]) -> Verdict:
    bad = []
    for one in found:
        if one.unprocessed:
            line, problem = one.unprocessed[0]
            bad.append(f"{one.name}.jsonl:{line}: {problem} ({len(one.unprocessed)} rows)")
        if one.arguments:
            line, problem = one.arguments[0]
            bad.append(f"{one.name}.jsonl:{line}: arguments are {problem} ({len(one.arguments)} calls)")
    return Verdict(8, "trap", "; ".join(bad)) if bad else Verdict(8, "ok", "every row was rendered")


def _fusing(tokenizer: Path) -> Verdict:
    """A fact of the model and not of the data: training on a quantized base is not wrong, fusing onto it is."""
    path = tokenizer / "config.json"
    try:
        config = json.loads(path.read_bytes()) if path.is_file() else None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    if config is None:
        return Verdict(9, "note", f"{tokenizer} has no config.json, so the model was not looked at")
    quantized = config.get("quantization") or config.get("quantization_config")
    if not quantized:
        return Verdict(9, "ok", "the base is not quantized")
    bits = quantized.get("bits", "few")
    return Verdict(
        9,
        "trap",
        f"the base is quantized to {bits} bits: `fuse` would round the adapter away; fuse with --dequantize, then quantize and measure",
    )


def _nulls(found: Sequence[Survey]) -> Verdict:
    bad = [
        f"{one.name}: {len(one.null_filled)} rows have null arguments that the tool does not take, {_where(one, one.null_filled)}"
        for one in found
        if one.null_filled
    ]
    return Verdict(14, "trap", "; ".join(bad)) if bad else Verdict(14, "ok", "none")


def _delimiters(template: Template, folder: Path, dialect: str) -> Verdict:
    """A fact of the model too: single tokens that it was never trained on can't be learned by LoRA."""
    texts = load(dialect or "native").delimiters
    if dialect in ("", "native"):
        texts = tuple(text for text in texts if text in template.source)
    single = {text: template.encode(text)[0] for text in texts if template.is_single_token(text)}
    if not single:
        return Verdict(
            15, "ok", "calls are written in ordinary tokens" if texts else "no tokens around calls"
        )
    try:
        dead = untrained(folder, list(single.values()))
    except NoWeights as error:
        return Verdict(15, "note", f"the model was not looked at: {error}")
    names = " and ".join(text for text, token in single.items() if token in dead)
    if names:
        return Verdict(
            15,
            "trap",
            f"{names}: the embedding is that of tokens that were never trained, and LoRA does not change it; export with --dialect json-fence",
        )
    return Verdict(15, "ok", " ".join(single))


def _where(one: Survey, lines: Sequence[int]) -> str:
    return f"first {one.name}.jsonl:{min(lines)}"
