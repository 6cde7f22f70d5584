"""PD92x: what a set is made of. Shares of a few rows are chance: each rule says from how many rows on it judges.

The part `examples` is a pool that a set is yet to be chosen from, so that neither the share of tool rows in it is judged
nor their order.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from punie_data.chat import KINDS
from punie_data.validate.rule import shown
from punie_data.validate.set_view import POOL, SetView

Finding = tuple[Path, str]

FEW = 100
"""Rows below which a share is not judged: a share of a hundred rows is known to within ten points."""
MANY = 200
"""Rows from which on something that is missing altogether is no chance."""
TOOL_SHARE = (0.65, 0.75)
LEAST_FIELD_ACCESS = 0.15
LEAST_TOOL_PAIRS = 0.05
RAREST_TOOL = 0.005
LARGEST_SOURCE = 0.5
LARGEST_TEMPLATE = 0.1


def tool_share(view: SetView) -> Iterator[Finding]:
    """The share of rows that call a tool lies outside 65 to 75 %, in a part of at least 100 rows; rows that stand twice count once.

    Below, the model does not call; above, it calls for questions about concepts. A predecessor's share slid from 78 to 91 % unnoticed, because it was
    counted before duplicates were taken out. A pool (`examples.jsonl`) is not judged, nor a set that `punie-data balance` made to a mix of its own.
    """
    steps = view.manifest.get("steps")
    if isinstance(steps, list) and any(isinstance(s, dict) and s.get("command") == "balance" for s in steps):
        return
    low, high = TOOL_SHARE
    for path, tally in view.parts:
        kinds = view.kinds(path, tally)
        total = kinds.total()
        if path.stem == POOL or total < FEW:
            continue
        share = kinds["tool"] / total
        if not low <= share <= high:
            told = ", ".join(f"{kinds[kind]:,} {kind}" for kind in KINDS)
            yield path, f"{share:.0%} of the rows call a tool, and not {low:.0%} to {high:.0%} ({told})"


def little_field_access(view: SetView) -> Iterator[Finding]:
    """Fewer than 15 % of the rows whose code calls tools read a field of a result, in a set with at least 100 such rows.

    5 % taught 5 % of field access in the evaluation, a quarter taught 90 %.
    """
    rows, reading = view.sum("with_code"), view.sum("with_fields")
    if rows >= FEW and reading < rows * LEAST_FIELD_ACCESS:
        yield (
            view.name,
            f"{reading:,} of {rows:,} rows with code read a field of a result ({reading / rows:.0%})",
        )


def few_tool_pairs(view: SetView) -> Iterator[Finding]:
    """Fewer than 5 % of the rows with calls use two different tools, in a set with at least 200 such rows.

    1 % taught none of five such tasks.
    """
    rows, pairs = _calling(view), view.sum("two_tools")
    if rows >= MANY and pairs < rows * LEAST_TOOL_PAIRS:
        yield view.name, f"{pairs:,} of {rows:,} rows with calls use two tools ({pairs / rows:.1%})"


def rare_tool(view: SetView) -> Iterator[Finding]:
    """A tool is called in fewer than one of 200 rows with calls, in a set with at least 200 such rows.

    Three examples of a thousand do not teach a tool: the model learns that it is there and not what it is for. Give it more rows, or take it out.
    """
    rows = _calling(view)
    rare = [f"{name} in {c.rows}" for name, c in view.tools.items() if c.rows < rows * RAREST_TOOL]
    if rows >= MANY and rare:
        more = f" … and {len(rare) - 5} more" if len(rare) > 5 else ""
        yield view.name, f"of {rows:,} rows with calls, few call {', '.join(rare[:5])}{more}"


def large_source(view: SetView) -> Iterator[Finding]:
    """One repository gives more than half of the rows, in a set of at least 200 rows from three repositories or more.

    Its names and habits are then learned as if they were Python's. A set of one or two repositories is a choice and not judged.
    """
    repos: Counter[str] = Counter()
    for _, tally in view.parts:
        repos.update(tally.repos)
    total = repos.total()
    if total >= MANY and len(repos) > 2:
        name, count = min(repos.items(), key=lambda pair: (-pair[1], pair[0]))
        if count > total * LARGEST_SOURCE:
            yield (
                view.name,
                f"{count:,} of {total:,} rows come from the repository {shown(name, 40)}, one of {len(repos)}",
            )


def large_template(view: SetView) -> Iterator[Finding]:
    """More than a tenth of the questions begin with the same words, names left out, in a set of at least 200 rows.

    The model learns the phrase and not the question. People ask the same thing in many ways.
    """
    if view.rows < MANY:
        return
    found = sorted(view.together("templates").values(), key=lambda each: (-each[0], each[2]))
    for count, where, text in found:
        if count <= view.rows * LARGEST_TEMPLATE:
            break
        yield (
            view.name,
            f"{count:,} of {view.rows:,} questions begin with {shown(text, 50)}, such as {where[0]}",
        )


def unshuffled(view: SetView) -> Iterator[Finding]:
    """Rows of a file that do the same first stand together, in clusters, where shuffled rows would not.

    Batches then hold one class each, and the loss swings. A trainer that shuffles mends it, and one that sorts or streams does not. Judged from 200
    rows on, and not in a pool (`examples.jsonl`), which is in the order in which it was mined.
    """
    for path, tally in view.parts:
        total = len(tally.lines)
        if total < MANY or path.stem == POOL:
            continue
        by_chance = sum(count * count for count in Counter(tally.actions).values()) / total**2
        share = tally.neighbours / (total - 1)
        if share > by_chance + (1 - by_chance) / 2:
            yield (
                path,
                f"{share:.0%} of the rows do first what the row before them does, where {by_chance:.0%} would by chance",
            )


def only_success(view: SetView) -> Iterator[Finding]:
    """No result of the set is an error, or none is empty, in a set with at least 200 results.

    Tools fail and find nothing. A model that never met it invents a result, or calls again.
    """
    results = view.sum("results")
    if results < MANY:
        return
    met = {what for _, tally in view.parts for what in tally.outcomes}
    missing = [name for what, name in (("failure", "an error"), ("empty", "empty")) if what not in met]
    if missing:
        yield view.name, f"of {results:,} results none is {' or '.join(missing)}"


def missing_kind(view: SetView) -> Iterator[Finding]:
    """A kind of row is missing altogether (`tool`, `direct`, `ask` or `cannot`), in a set of at least 200 rows.

    Ten thousand rows without refusals took a model's sense for irrelevant tools from 80 to 42 of 100.
    """
    if view.rows < MANY:
        return
    counts: Counter[str] = Counter()
    for path, tally in view.parts:
        counts += view.kinds(path, tally)
    missing = [kind for kind in KINDS if not counts[kind]]
    if missing:
        yield view.name, f"of {view.rows:,} rows none is of the kind {' or '.join(missing)}"


def _calling(view: SetView) -> int:
    return sum(c.alone + c.followed for c in view.tools.values())
