"""What is benched: a model, perhaps an adapter, and mlx-lm's options for its cache and for speculative decoding."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.train.checkpoint import FOLDER


@dataclass(frozen=True, slots=True)
class Options:
    """mlx-lm's options of `stream_generate` by its names; None and the defaults mean off.

    `quantized_kv_start` is 0 here and 5000 in mlx-lm, where `kv_bits` alone changes nothing before the five thousandth token.
    """

    kv_bits: int | None = None
    kv_group_size: int = 64
    quantized_kv_start: int = 0
    max_kv_size: int | None = None
    draft_model: Path | None = None
    num_draft_tokens: int = 3

    def told(self) -> dict[str, Any]:
        """Those that are switched on, with what belongs to them; a draft model by its folder's name."""
        found: dict[str, Any] = {}
        if self.kv_bits:
            found |= {"kv_bits": self.kv_bits, "kv_group_size": self.kv_group_size}
            found["quantized_kv_start"] = self.quantized_kv_start
        if self.max_kv_size:
            found["max_kv_size"] = self.max_kv_size
        if self.draft_model:
            found |= {
                "draft_model": self.draft_model.resolve().name,
                "num_draft_tokens": self.num_draft_tokens,
            }
        return found


@dataclass(frozen=True, slots=True)
class BenchSystem:
    name: str
    model: Path
    adapter: Path | None = None
    dialect: str = "hermes"
    options: Options = Options()

    def folders(self) -> list[Path]:
        """All that must be on the disk."""
        return [folder for folder in (self.model, self.adapter, self.options.draft_model) if folder]


KEYS = (
    "kv-bits", "kv-group-size", "quantized-kv-start", "max-kv-size", "draft-model", "num-draft-tokens", "dialect",
)  # fmt: skip
_OPTION = re.compile(rf",({'|'.join(KEYS)})=")
BITS = (2, 3, 4, 5, 6, 8)
GROUPS = (32, 64, 128)
KEPT = (FOLDER, f".{FOLDER}.old", f".{FOLDER}.new")


def parse(given: str, dialect: str = "hermes") -> BenchSystem:
    """`NAME=MODEL[+ADAPTER][,kv-bits=8][,draft-model=FOLDER]…`. UserError where it is something else, or a folder is not there."""
    name, sign, rest = given.partition("=")
    if not sign or not name.strip() or "/" in name:
        raise UserError(f"{given}: name the system, as in mine=models/mine+adapters/mine")
    place, *parts = _OPTION.split(rest)
    values = dict(zip(parts[::2], parts[1::2], strict=True))
    model, adapter = _folders(place)
    dialect = values.pop("dialect", dialect)
    return checked(BenchSystem(name.strip(), model, adapter, dialect, _options(name, values)))


def _folders(place: str) -> tuple[Path, Path | None]:
    """A folder may have the sign in its own name, so that the longest that is there is the model."""
    if Path(place).is_dir():
        return Path(place), None
    cuts = [match.start() for match in re.finditer(r"\+", place)]
    for cut in reversed(cuts):
        if Path(place[:cut]).is_dir():
            return Path(place[:cut]), Path(place[cut + 1 :])
    return Path(place.split("+")[0]), None


def _options(name: str, values: Mapping[str, str]) -> Options:
    found = Options()
    for key, value in values.items():
        field = key.replace("-", "_")
        if key == "draft-model":
            found = replace(found, draft_model=Path(value))
        elif value.isdecimal():
            found = replace(found, **{field: int(value)})
        else:
            raise UserError(f"{name}: {key} is a whole number, not {value}")
    return found


def with_options(system: BenchSystem, **more: Any) -> BenchSystem:
    """The same with other values for some options, named after them: `mine kv_bits=8`."""
    found = replace(system, options=replace(system.options, **more))
    told = found.options.told()
    shown = [key for key in ("kv_bits", "max_kv_size", "draft_model") if key in more]
    return checked(replace(found, name=" ".join([system.name, *(f"{key}={told[key]}" for key in shown)])))


def checked(system: BenchSystem) -> BenchSystem:
    """The same. UserError where a folder is not there, or mlx-lm would ignore an option or break on it."""
    for folder in system.folders():
        if not folder.is_dir():
            raise UserError(f"{system.name}: {folder} is no folder")
    options = system.options
    if options.kv_bits is not None and options.kv_bits not in BITS:
        raise UserError(
            f"{system.name}: kv-bits is one of {', '.join(map(str, BITS))}, not {options.kv_bits}"
        )
    if options.kv_group_size not in GROUPS:
        raise UserError(f"{system.name}: kv-group-size is one of 32, 64, 128, not {options.kv_group_size}")
    if options.draft_model and options.max_kv_size:
        raise UserError(f"{system.name}: mlx-lm ignores max-kv-size where there is a draft model")
    if options.kv_bits and options.max_kv_size:
        raise UserError(f"{system.name}: mlx-lm can't quantize a rotating cache: kv-bits or max-kv-size")
    if options.max_kv_size == 0 or options.num_draft_tokens == 0:
        raise UserError(f"{system.name}: max-kv-size and num-draft-tokens are at least 1")
    return system


def disk_bytes(system: BenchSystem) -> int:
    """Of all files in its folders, links followed, as a model in a hub's cache is all links. What a training keeps to go on from is not counted."""
    return sum(
        file.stat().st_size
        for folder in system.folders()
        for file in folder.rglob("*")
        if file.is_file() and file.relative_to(folder).parts[0] not in KEPT
    )
