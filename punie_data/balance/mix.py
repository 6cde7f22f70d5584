"""A mix: bands that the shares of a dataset's rows must lie in. `schemas/mix.schema.json` defines its file.

Shares are exact fractions from the digits that the user wrote, so that 0.67 - 0.02 is 0.65 and a band's edge belongs to the band.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson

from punie_data.errors import UserError
from punie_data.resources import path_of

EACH = "*"
"""The value that stands for every value of its axis that has no band of its own."""

DEFAULT_TOLERANCE = Fraction(2, 100)


@dataclass(frozen=True, slots=True)
class Band:
    """The share of rows with `value` on `axis`, between 0 and 1, both ends included."""

    axis: str
    value: str
    least: Fraction
    most: Fraction

    @property
    def name(self) -> str:
        return f"{self.axis} {self.value}"

    def holds(self, rows: int, total: int) -> bool:
        """Whether `rows` of `total` keep to the band."""
        return self.least * total <= rows <= self.most * total

    def __str__(self) -> str:
        if self.least == self.most:
            return percent(self.least)
        if self.least == 0:
            return f"≤ {percent(self.most)}"
        if self.most == 1:
            return f"≥ {percent(self.least)}"
        return f"{percent(self.least).removesuffix(' %')}–{percent(self.most)}"


@dataclass(frozen=True, slots=True)
class Mix:
    """Bands, no two of them for the same value of the same axis."""

    bands: tuple[Band, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that have bands, each once, as the mix orders them."""
        return tuple(dict.fromkeys(band.axis for band in self.bands))

    def with_band(self, band: Band) -> "Mix":
        """This mix with `band` in the place of the one for the same value, if there is one."""
        others = tuple(one for one in self.bands if (one.axis, one.value) != (band.axis, band.value))
        return Mix((band, *others))

    def to_json(self) -> dict[str, dict[str, list[float]]]:
        found: dict[str, dict[str, list[float]]] = {}
        for band in self.bands:
            found.setdefault(band.axis, {})[band.value] = [float(band.least), float(band.most)]
        return found


DEFAULT = Mix((Band("kind", "tool", Fraction(65, 100), Fraction(75, 100)),))


def tool_share(share: str, tolerance: str | None = None) -> Band:
    """The band of `--tool 0.67 --tolerance 0.02`, kept between 0 and 1. UserError where one of the two is no share."""
    middle = _share(share, "--tool")
    off = DEFAULT_TOLERANCE if tolerance is None else _share(tolerance, "--tolerance")
    return Band("kind", "tool", max(Fraction(0), middle - off), min(Fraction(1), middle + off))


def _share(text: str, option: str) -> Fraction:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise UserError(f"{option} {text}: not a number; a share is between 0 and 1, as 0.67") from None
    if not 0 <= number <= 1:
        raise UserError(f"{option} {text}: a share is between 0 and 1, as 0.67")
    return Fraction(number)


def load_mix(path: Path) -> Mix:
    """The mix in a TOML file. UserError, one line that names the place, where it can't be read or is none."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}") from None
    if problem := _against_schema(data):
        raise UserError(f"{path}: {problem}")
    bands = tuple(_bands(data))
    for band in bands:
        if band.least > band.most:
            raise UserError(
                f"{path}: {band.axis}.{band.value}: the least share, {percent(band.least)}, is more than the most, {percent(band.most)}"
            )
    return Mix(bands)


def _bands(data: Mapping[str, Mapping[str, list[Any]]]) -> Iterable[Band]:
    for axis, values in data.items():
        for value, (least, most) in values.items():
            yield Band(axis, value, Fraction(least), Fraction(most))


def _against_schema(data: dict[str, Any]) -> str:
    """The most telling violation, with its place, or ""."""
    import jsonschema

    schema = orjson.loads(path_of("schemas", "mix.schema.json").read_bytes())
    worst = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(data))
    if worst is None:
        return ""
    place = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in worst.absolute_path
    ).lstrip(".")
    if worst.validator == "additionalProperties":
        known = sorted(set(worst.schema["properties"]) - {EACH})
        wrong = next(str(key) for key in worst.instance if key not in worst.schema["properties"])
        near = difflib.get_close_matches(wrong, known, 1)
        what = "value" if place else "axis"
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        return f"{place + '.' if place else ''}{wrong}: no such {what}; {meant}"
    if worst.validator in ("minimum", "maximum"):
        return f"{place}: {worst.instance} is no share; a share is between 0 and 1, as 0.67"
    if not data:
        return "the mix is empty; give an axis a band, as [kind] with tool = [0.65, 0.75]"
    if worst.validator in ("type", "minItems", "maxItems") and worst.absolute_path:
        wanted = (
            "the least and the most share, as [0.65, 0.75]"
            if len(worst.absolute_path) > 1
            else "a table of bands"
        )
        return f"{place}: {_short(worst.instance)} is not {wanted}"
    return f"{place or 'the file'}: {worst.message[:200]}"


def _short(value: Any) -> str:
    text = str([str(one) for one in value]) if isinstance(value, list) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def percent(share: Fraction) -> str:
    """`66.7 %`, `65 %`: one digit behind the point at most, unless a band needs more to be told from its neighbour."""
    hundred = share * 100
    for digits in (0, 1, 2, 3, 4):
        if hundred == round(hundred, digits):
            return f"{float(hundred):.{digits}f} %"
    return f"{float(hundred):.1f} %"
