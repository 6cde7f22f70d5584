"""Accuracy, seconds a query and size, over the phases."""

import math
from collections.abc import Sequence

from punie_data.evaluate.statistics import wilson
from punie_data.history.document import Block, Heading, Plot, Point
from punie_data.history.judged import share_of, suite_of
from punie_data.history.metric import Value, number_of, told
from punie_data.history.reported import Target
from punie_data.history.systems import System

_SECONDS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)


def plots(systems: Sequence[System], targets: Sequence[Target]) -> list[Block]:
    """What there are figures for. Filled points were measured here, hollow ones reported."""
    limits = {
        target.metric: target.below if target.below is not None else target.at_least for target in targets
    }
    found = [
        _shares(systems, key, title, limits.get(key))
        for key, title in (("accuracy", "Accuracy"), ("field_access", "Field access"))
    ]
    found += [_seconds(systems, limits.get("steady_seconds")), _sizes(systems, limits.get("model_gb"))]
    drawn = [plot for plot in found if plot is not None]
    return [Heading("Over the phases", anchor="plots"), *drawn] if drawn else []


def _shares(systems: Sequence[System], key: str, title: str, target: float | None) -> Plot | None:
    points = []
    for system in systems:
        newest = {suite_of(run): run.metrics[key] for run in system.measured if key in run.metrics}
        for suite, value in newest.items():
            label = f"{system.label}, {suite}" if len(newest) > 1 else system.label
            points.append(_share(label, key, value, system.is_reported))
    if not points:
        return None
    about = "Lines are intervals of 95 % (Wilson), where the number of queries is known: where two overlap much, nobody knows which is better."
    ticks = [(part / 4, f"{25 * part} %") for part in range(5)]
    return Plot(title, f"{about}{_told_target(target, key)}", points, 1.0, ticks=ticks, target=target)


def _share(label: str, key: str, value: Value, is_hollow: bool) -> Point:
    number = number_of(value) or 0.0
    low = high = number
    counted = share_of(value)
    if counted:
        found = wilson(*counted)
        low, high = found.low, found.high
    said = f"{100 * number:.0f} %" + (f", {counted[0]:,}/{counted[1]:,}" if counted else "")
    return Point(label, number, low, high, said, is_hollow)


def _seconds(systems: Sequence[System], target: float | None) -> Plot | None:
    points = []
    for system in systems:
        key = next(
            (
                one
                for one in ("steady_seconds", "seconds_per_query", "batched_seconds")
                if one in system.metrics
            ),
            None,
        )
        number = number_of(system.metrics[key]) if key else None
        if key is None or not number:
            continue
        low, high = _ends(system.metrics[key], number)
        how = {"seconds_per_query": ", cold too", "batched_seconds": ", batched"}.get(key, "")
        points.append(
            Point(
                system.label, number, low, high, f"{told(key, system.metrics[key])}{how}", system.is_reported
            )
        )
    if not points:
        return None
    numbers = [one for point in points for one in (point.low, point.high)] + ([target] if target else [])
    bottom = max((tick for tick in _SECONDS if tick <= min(numbers)), default=min(numbers) / 2)
    top = min((tick for tick in _SECONDS if tick >= max(numbers)), default=max(numbers) * 2)
    top = top if top > bottom else bottom * 10
    ticks = [(tick, f"{tick:g} s") for tick in _SECONDS if bottom <= tick <= top]
    about = "The steady state where it was measured, else the mean with the cold queries in it. The scale is logarithmic: each step is ten times."
    return Plot(
        "Seconds a query",
        f"{about}{_told_target(target, 'steady_seconds')}",
        points,
        top,
        bottom,
        ticks,
        target,
    )


def _ends(value: Value, number: float) -> tuple[float, float]:
    if not isinstance(value, bool | int | float) and "low" in value and value["low"] > 0:
        return value["low"], value["high"]
    return number, number


def _sizes(systems: Sequence[System], target: float | None) -> Plot | None:
    points = []
    for system in systems:
        number = number_of(system.metrics.get("model_gb"))
        if number:
            points.append(
                Point(system.label, number, number, number, told("model_gb", number), system.is_reported)
            )
    if not points:
        return None
    largest = max(point.value for point in points)
    # A target far off would leave the points in a corner.
    shown = target if target and target <= 4 * largest else None
    step = _step(max(largest, shown or 0.0))
    top = step * math.ceil(max(largest, shown or 0.0) / step)
    ticks = [(step * number, f"{step * number:g} GB") for number in range(round(top / step) + 1)]
    about = f"The model's folder on disk, weights, tokenizer and all.{_told_target(shown, 'model_gb')}"
    return Plot("Size", about, points, top, ticks=ticks, target=shown)


def _step(largest: float) -> float:
    """Of a scale with four or so divisions."""
    rough = largest / 4
    size = 10.0 ** math.floor(math.log10(rough))
    return size * next(part for part in (1, 2, 2.5, 5, 10) if size * part >= rough)


def _told_target(target: float | None, key: str) -> str:
    return f" The dashed line is the target, {told(key, target)}." if target is not None else ""
