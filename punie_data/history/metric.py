"""The metrics that a run can have: their names, what they are called, in which direction they are better, and how a value is written.

A value is a number; true or false; a share, `{"passed": 23, "total": 25}`, or 0.92 where nobody counted; or a range, `{"low": 5.21, "high": 5.76}`.
Shares are between 0 and 1, sizes in GB (10⁹ bytes) or MB (10⁶), times in seconds.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

from punie_data.errors import UserError

Better = Literal["higher", "lower", ""]
Value = float | int | bool | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """`better` is "" where more is neither better nor worse; `is_whole` says that the figure of a whole run has no decimals."""

    key: str
    label: str
    unit: str
    better: Better = ""
    is_whole: bool = False


METRICS = {
    metric.key: metric
    for metric in (
        Metric("accuracy", "accuracy", "share", "higher"),
        Metric("field_access", "field access", "share", "higher"),
        Metric("right_decision", "right decision", "share", "higher"),
        Metric("steady_seconds", "steady state", "s", "lower"),
        Metric("steady_p95_seconds", "steady state, 95th percentile", "s", "lower"),
        Metric("seconds_per_query", "a query, cold ones in the average", "s", "lower"),
        Metric("batched_seconds", "a query, in batches", "s", "lower"),
        Metric("load_seconds", "load", "s", "lower"),
        Metric("warm_up_seconds", "warm-up", "s", "lower"),
        Metric("prompt_tokens_per_second", "prompt", "tokens/s", "higher"),
        Metric("tokens_per_second", "generation", "tokens/s", "higher"),
        Metric("model_gb", "model on disk", "GB", "lower"),
        Metric("adapter_mb", "adapter on disk", "MB", "lower"),
        Metric("bits_per_weight", "bits a weight", "bits"),
        Metric("inference_peak_gb", "peak memory, inference", "GB", "lower"),
        Metric("training_peak_gb", "peak memory, training", "GB", "lower"),
        Metric("autonomous", "calls tools by itself", "yes or no"),
        Metric("tool_calls", "tool calls", "", "", True),
        Metric("turns", "turns a query", ""),
        Metric("training_seconds", "training", "s", "lower"),
        Metric("examples", "examples", "", "", True),
        Metric("learned_tokens", "learned tokens", "", "", True),
        Metric("learned_tokens_per_second", "learned", "tokens/s", "higher"),
        Metric("first_loss", "first loss", "nats/token"),
        Metric("last_loss", "last loss", "nats/token", "lower"),
        Metric("valid_loss", "lowest loss on valid", "nats/token", "lower"),
        Metric("unscored", "unscored queries", "", "lower", True),
    )
}
PARTED = ("accuracy", "tool_calls")
"""Metrics that have parts, as `accuracy/navigation` or `tool_calls/hover`."""
_SHARE = re.compile(r"(\d+)\s*(?:/|of)\s*(\d+)")
_RANGE = re.compile(r"([\d.]+)\s*(?:\.\.|–|-|to)\s*([\d.]+)")
_SIZES = {"GB": 1e9, "MB": 1e6, "kB": 1e3}
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def metric_of(key: str) -> Metric:
    """The metric of a key, also of a part. UserError, with the nearest name, for one that there is not."""
    found = METRICS.get(key)
    if found is not None:
        return found
    whole, slash, part = key.partition("/")
    if slash and part and whole in PARTED:
        return Metric(key, f"{METRICS[whole].label}: {part}", *_rest(METRICS[whole]))
    near = get_close_matches(key, METRICS, 1)
    raise UserError(
        f"no metric {key!r}; "
        + (
            f"did you mean {near[0]}?"
            if near
            else f"there are {', '.join(METRICS)}, accuracy/CATEGORY and tool_calls/TOOL"
        )
    )


def _rest(metric: Metric) -> tuple[str, Better, bool]:
    return metric.unit, metric.better, metric.is_whole


def in_order(keys: Iterable[str]) -> list[str]:
    """Known metrics in their order, the parts of one behind it."""
    places = {key: number for number, key in enumerate(METRICS)}
    return sorted(set(keys), key=lambda key: (places.get(key.partition("/")[0], len(places)), key))


def value_of(key: str, given: Any) -> Value:
    """A value from what a person or a program wrote: 2.4, "23/25", "92 %", [5.21, 5.76], "5.21..5.76", true. UserError where it is none."""
    metric = metric_of(key)
    value = _read(given)
    if value is None:
        raise UserError(
            f"{key}: {str(given)[:60]!r} is no value; write 2.4, 23/25, 92%, 5.21..5.76, yes or no"
        )
    share = metric.unit == "share"
    if isinstance(value, bool) != (metric.unit == "yes or no"):
        raise UserError(f"{key} is {'yes or no' if metric.unit == 'yes or no' else 'a number'}")
    if isinstance(value, Mapping) and "total" in value and not share:
        raise UserError(f"{key} is no share: write one number")
    middle = number_of(value)
    if middle is None or (share and not 0 <= middle <= 1):
        raise UserError(f"{key}: write a share as 23/25, 92% or 0.92")
    if middle < 0:
        raise UserError(f"{key} is never below 0")
    return value


def _read(given: Any) -> Value | None:
    if isinstance(given, bool):
        return given
    if isinstance(given, Mapping):
        return _table(given)
    if isinstance(given, list | tuple):
        return _table({"low": given[0], "high": given[1]}) if len(given) == 2 else None
    if not isinstance(given, str):
        return _number(given)
    text = given.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if found := _SHARE.fullmatch(text):
        return _table({"passed": int(found[1]), "total": int(found[2])})
    if found := _RANGE.fullmatch(text):
        return _table({"low": found[1], "high": found[2]})
    if text.endswith("%"):
        part = _number(text[:-1])
        return None if part is None else round(part / 100, 10)
    return _number(text)


def _table(given: Mapping[str, Any]) -> Value | None:
    first, last = ("passed", "total") if set(given) >= {"passed", "total"} else ("low", "high")
    low, high = _number(given.get(first)), _number(given.get(last))
    if low is None or high is None or low > high or (first == "passed" and high <= 0):
        return None
    return {first: low, last: high}


def _number(given: Any) -> float | int | None:
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def number_of(value: Value | None) -> float | None:
    """One number to compare by: a share's quotient, a range's middle, 1 for true."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        if "total" in value:
            return value["passed"] / value["total"] if value["total"] else None
        return (value["low"] + value["high"]) / 2
    return float(value)


def told(key: str, value: Value | None) -> str:
    """A value for people: `23 of 25, 92.0 %`, `5.21–5.76 s`, `yes`; "" for none."""
    if value is None:
        return ""
    metric = metric_of(key)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if metric.unit in _SIZES:
        metric, value = _sized(metric, value)
    if isinstance(value, Mapping) and "low" in value:
        if value["low"] == value["high"]:
            return f"{figure(value['low'], metric)}{_unit(metric)}"
        return f"{figure(value['low'], metric)}–{figure(value['high'], metric)}{_unit(metric)}"
    number = number_of(value)
    if number is None:
        return ""
    if metric.unit == "share":
        counted = f"{value['passed']:,.0f} of {value['total']:,.0f}, " if isinstance(value, Mapping) else ""
        return f"{counted}{100 * number:.1f} %"
    return f"{figure(number, metric)}{_unit(metric)}"


def _sized(metric: Metric, value: Value) -> tuple[Metric, Value]:
    """The metric in the unit in which the value has a digit before its point."""
    largest = value["high"] if isinstance(value, Mapping) else float(value)
    units = list(_SIZES)
    unit = (
        next((one for one in units if largest * _SIZES[metric.unit] >= 0.1 * _SIZES[one]), units[-1])
        if largest
        else metric.unit
    )
    if largest * _SIZES[metric.unit] >= 0.1 * _SIZES[metric.unit]:
        unit = metric.unit  # never a larger one: 44 MB are no 0.04 GB
    factor = _SIZES[metric.unit] / _SIZES[unit]
    scaled: Value = (
        {key: one * factor for key, one in value.items()}
        if isinstance(value, Mapping)
        else float(value) * factor
    )
    return replace(metric, unit=unit), scaled


def figure(number: float, metric: Metric) -> str:
    """A number without its unit, with as many digits as it is worth: two decimals from one to a hundred, below three that count."""
    if metric.unit == "share":
        return f"{100 * number:.1f}"
    if (metric.is_whole and float(number).is_integer()) or abs(number) >= 1000:
        return f"{number:,.0f}"
    if number == 0:
        return "0"
    size = math.floor(math.log10(abs(number)))
    digits = max(0, 2 - size) if size < 0 else 2 if size < 2 else 1
    text = f"{number:.{min(digits, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unit(metric: Metric) -> str:
    return " %" if metric.unit == "share" else f" {metric.unit}" if metric.unit else ""
