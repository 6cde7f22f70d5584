"""How the figures of public benchmarks are printed."""

from collections.abc import Iterator, Mapping
from typing import Any


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What `evaluate` prints of `summary["benchmark"]`."""
    if found["name"] == "bfcl":
        yield from _bfcl(found)
    else:
        yield from _when2call(found)


def share(told: Mapping[str, Any]) -> str:
    """`52 of 60, 86.7 % (75.8 % to 93.1 %)`."""
    if not told["total"]:
        return "none was asked"
    return f"{told['passed']} of {told['total']}, {told['passed'] / told['total']:.1%} ({told['low']:.1%} to {told['high']:.1%})"


def _bfcl(found: Mapping[str, Any]) -> Iterator[str]:
    yield "as BFCL reports it:"
    for name, told in found["by_category"].items():
        yield f"  {name:<24}{share(told)}"
    if "ast" in found:
        yield f"  {'AST, mean':<24}{found['ast']:.1%}"
    if "live_ast" in found:
        yield f"  {'AST, live':<24}{share(found['live_ast'])}"
    if "irrelevance" in found:
        yield f"  {'irrelevance, mean':<24}{found['irrelevance']:.1%}"
        if found["malformed_on_irrelevance"]:
            yield f"  {'unreadable calls there':<24}{found['malformed_on_irrelevance']}: wrong here, abstentions to BFCL"


def _when2call(found: Mapping[str, Any]) -> Iterator[str]:
    yield "as When2Call reports it:"
    yield f"  {'macro F1':<24}{found['macro_f1']:.1%}"
    yield f"  {'accuracy':<24}{share(found['accuracy'])}"
    yield f"  {'tool hallucination':<24}{share(found['tool_hallucination'])}"
    yield f"  {'called, and none fits':<24}{share(found['called_where_none_fits'])}"
    columns = list(next(iter(found["confusion"].values()), {}))
    yield "  right \\ decided         " + "".join(f"{name:>11}" for name in columns)
    for right, row in found["confusion"].items():
        yield f"  {right:<24}" + "".join(f"{row[name]:>11}" for name in columns)
