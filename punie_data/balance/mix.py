"""A mix: bands that the shares of a dataset's rows must lie in. `schemas/mix.schema.json` defines its file.

Shares are exact fractions from the digits that the user wrote, so that 0.67 - 0.02 is 0.65 and a band's edge belongs to the band.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.toml_file import read_toml

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
    """Bands, no two of them for the same value of the same axis. `splits` are those that hold in one split alone, by its name."""

    bands: tuple[Band, ...]
    splits: tuple[tuple[str, tuple[Band, ...]], ...] = ()

    def of(self, split: str) -> "Mix":
        """The mix that holds in the split of this name: its own bands in the place of those for the same value."""
        mix = Mix(self.bands)
        for name, bands in self.splits:
            if name == split:
                for band in bands:
                    mix = mix.with_band(band)
        return mix

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that have bands, each once, as the mix orders them."""
        return tuple(dict.fromkeys(band.axis for band in self.bands))

    def with_band(self, band: Band) -> "Mix":
        """This mix with `band` in the place of the one for the same value, or behind all others."""
        bands = {(one.axis, one.value): one for one in self.bands} | {(band.axis, band.value): band}
        return Mix(tuple(bands.values()), self.splits)

    def to_json(self) -> dict[str, Any]:
        """As a mix file has it."""
        found = _to_json(self.bands)
        if self.splits:
            found["split"] = {name: _to_json(bands) for name, bands in self.splits}
        return found


def _to_json(bands: Iterable[Band]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for band in bands:
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
    if not (number.is_finite() and 0 <= number <= 1):
        raise UserError(f"{option} {text}: a share is between 0 and 1, as 0.67")
    return Fraction(number)


def load_mix(path: Path) -> Mix:
    """The mix in a TOML file. UserError, one line that names the place, where it can't be read or is none."""
    return mix_of(read_toml(path, "mix.schema.json"), str(path))


def mix_of(data: Mapping[str, Any], where: str) -> Mix:
    """The mix in a table that keeps to the schema. UserError, behind `where`, for a band whose ends are in the wrong order."""
    splits = data.get("split", {})
    return Mix(
        tuple(_bands({axis: values for axis, values in data.items() if axis != "split"}, where)),
        tuple((name, tuple(_bands(axes, where))) for name, axes in splits.items()),
    )


def _bands(data: Mapping[str, Mapping[str, list[Any]]], where: str) -> Iterable[Band]:
    for axis, values in data.items():
        for value, (least, most) in values.items():
            band = Band(axis, value, Fraction(least), Fraction(most))
            if band.least > band.most:
                raise UserError(
                    f"{where}: {axis}.{value}: the least share, {percent(band.least)}, is more than the most, {percent(band.most)}"
                )
            yield band


def percent(share: Fraction) -> str:
    """`66.7 %`, `65 %`: one digit behind the point at most, unless a band needs more to be told from its neighbour."""
    hundred = share * 100
    for digits in (0, 1, 2, 3, 4):
        if hundred == round(hundred, digits):
            return f"{float(hundred):.{digits}f} %"
    return f"{float(hundred):.1f} %"
