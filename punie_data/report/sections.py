"""The parts of the page that Python writes: figures, findings, rejected rows, repeats, and how the dataset was made."""

from html import escape
from typing import Any
from urllib.parse import quote

import orjson

from punie_data.report.charts import Bar, bars, histogram, percent, stacked, text
from punie_data.report.checked import KEPT, Checked
from punie_data.report.replay import STATES, Replay
from punie_data.stats.figures import AXES, Figures
from punie_data.validate.catalogue import BY_CODE

_EXAMPLES = 3
_HEADS = {
    "category": "Categories",
    "generator": "Generators",
    "repository": "Repositories",
    "licence": "Licences",
    "tool": "Tools called",
}
_FILTERS = {"category", "generator", "repository", "tool"}


def fragment(key: str, value: str) -> str:
    """A link to the rows that a filter leaves."""
    return f"{key}={quote(value, safe='')}"


def tiles(figures: Figures, checked: Checked) -> str:
    """The few numbers to see first."""
    tool = figures.count("kind", "tool")
    found = [
        ("rows", f"{figures.rows:,}", "#rows"),
        ("call tools", percent(tool, figures.rows), fragment("#kind", "tool")),
        ("repositories", f"{len(figures.axes['repository']):,}", "#repository"),
        ("tools called", f"{len(figures.axes['tool']):,}", "#tool"),
        ("errors", f"{checked.errors:,}", "#findings"),
        ("warnings", f"{checked.warnings:,}", "#findings"),
        ("rejected", f"{sum(figures.rejected.values()):,}", "#rejected"),
        ("repeat a question", f"{figures.same_question.rows:,}", "#repeats"),
    ]
    return "".join(
        f'<li><a href="{escape(link)}"><b>{value}</b><span>{name}</span></a></li>'
        for name, value, link in found
    )


def composition(figures: Figures, before: Figures | None) -> str:
    """Kinds by split, and a card of bars for every other axis."""
    order = list(figures.axes["kind"])
    splits = [
        (part, {kind: figures.axes["kind"][kind].get(part, 0) for kind in order}) for part in figures.parts
    ]
    if len(splits) > 1:
        splits.append(("all", {kind: figures.count("kind", kind) for kind in order}))
    if before is not None:
        splits.append(("before", {kind: before.count("kind", kind) for kind in order}))
    cards = [
        f'<section class="card wide" id="kind"><h3>Kinds</h3>{stacked("Rows by kind and split", splits, order)}</section>'
    ]
    for axis, head in _HEADS.items():
        found = _bars(figures, before, axis)
        note = "<p>A row counts once for each tool that it calls.</p>" if axis == "tool" else ""
        drawn = bars(f"Rows by {axis}", AXES[axis], found, figures.rows, before.rows if before else None)
        cards.append(f'<section class="card" id="{axis}"><h3>{head}</h3>{note}{drawn}</section>')
    by_calls = [
        Bar(
            f"{number} {'call' if number == 1 else 'calls'}",
            rows,
            "",
            before and before.calls.rows_by_calls[number],
        )
        for number, rows in sorted(figures.calls.rows_by_calls.items())
    ]
    drawn = bars("Rows by number of calls", "calls", by_calls, figures.rows, before.rows if before else None)
    two = f"<p>{figures.calls.rows_with_two_tools:,} rows call two different tools or more.</p>"
    cards.append(f'<section class="card" id="calls"><h3>Calls a row</h3>{two}{drawn}</section>')
    return f'<div class="cards">{"".join(cards)}</div>'


def _bars(figures: Figures, before: Figures | None, axis: str) -> list[Bar]:
    ranked = figures.ranked(axis)
    if before is not None:  # a value that is gone is a change too
        ranked += [(value, 0) for value, _ in before.ranked(axis) if value not in figures.axes[axis]]
    return [
        Bar(
            value,
            rows,
            fragment(axis, value) if axis in _FILTERS and rows else "",
            before.count(axis, value) if before else None,
        )
        for value, rows in ranked
    ]


def lengths(figures: Figures, before: Figures | None) -> str:
    found = figures.lengths
    names = ["shortest", *found.quantiles, "longest", "total"]

    def cells(of: Figures) -> str:
        values = [of.lengths.shortest, *of.lengths.quantiles.values(), of.lengths.longest, of.lengths.total]
        if not of.lengths.quantiles:
            values = [0] * len(names)
        return "".join(f'<td class="n">{value:,}</td>' for value in values)

    rows = f'<tr><th scope="row">now</th>{cells(figures)}</tr>'
    if before is not None:
        rows = f'<tr><th scope="row">before</th>{cells(before)}</tr>{rows}'
    head = "".join(f'<th scope="col" class="n">{name}</th>' for name in names)
    table = (
        f'<div class="scroll"><table class="plain"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        if found.quantiles
        else ""
    )
    told = f"Lengths are {found.how}."
    if found.whole:
        told += f" As a whole, {found.whole}."
    return f"<p>{text(told)}</p>{histogram(found)}{table}"


def findings(checked: Checked) -> str:
    """What the validator found, by rule, with the rule's explanation and the first few places."""
    if not checked.by_code:
        return "<p>The validator found nothing.</p>"
    lines = []
    if checked.errors + checked.warnings > KEPT:
        lines.append(
            f'<p class="note">The first {KEPT:,} findings stand beside their rows too; all are counted here.</p>'
        )
    for code, found in sorted(
        checked.by_code.items(), key=lambda pair: (pair[1].level, -pair[1].count, pair[0])
    ):
        rule = BY_CODE.get(code)
        why = f"<p>{text(rule.explanation)}</p>" if rule else ""
        places = "".join(
            f'<li><a href="#row={quote(place, safe="")}">{text(place)}</a> {text(message)}</li>'
            for place, message in found.first[:_EXAMPLES]
        )
        more = found.count - min(len(found.first), _EXAMPLES)
        left = (
            f'<p><a href="#{fragment("rule", code)}">Show all {found.count:,} in the rows below</a></p>'
            if more > 0
            else ""
        )
        lines.append(
            f'<details class="finding"><summary><code>{escape(code)}</code> <span class="{found.level}">{found.level}</span> '
            f'{text(found.name)} <b class="n">{found.count:,}</b></summary>{why}<ul>{places}</ul>{left}</details>'
        )
    return "".join(lines)


def rejected(figures: Figures) -> str:
    total = sum(figures.rejected.values())
    if not total:
        return "<p>The dataset keeps no rejected rows.</p>"
    ranked = sorted(figures.rejected.items(), key=lambda pair: (-pair[1], pair[0]))
    found = [Bar(reason, rows, fragment("reason", reason)) for reason, rows in ranked]
    return (
        f"<p>{total:,} rows were refused and are kept in <code>rejected.jsonl</code> with a reason. They are not among the rows counted above.</p>"
        + bars("Rejected rows by reason", "reason", found, total)
    )


def repeats(figures: Figures) -> str:
    def told(words: str, found: Any, link: str) -> str:
        if not found.rows:
            return f"<li>{words}: no two rows.</li>"
        groups = f"{found.groups:,} {'group' if found.groups == 1 else 'groups'}"
        one = "row repeats" if found.rows == 1 else "rows repeat"
        return f'<li>{words}: <a href="#{link}">{found.rows:,} {one} an earlier one</a>, in {groups}.</li>'

    return (
        "<ul>"
        + told(
            "The same conversation, message for message", figures.same_conversation, "repeats=conversation"
        )
        + told(
            "The same question, but for case, spacing and punctuation",
            figures.same_question,
            "repeats=question",
        )
        + "</ul>"
    )


def replay(figures: Figures, replayed: Replay | None, counts: dict[str, int]) -> str:
    """What stands behind the results, and what `verify` said if its verdict was given."""
    calls = figures.calls
    parts = [f"{calls.states[state]:,} {words}" for state, words in STATES.items() if calls.states[state]]
    told = (
        f"<p>Of {calls.calls:,} calls, {'; '.join(parts)}.</p>"
        if calls.calls
        else "<p>No row calls a tool.</p>"
    )
    if calls.failed or calls.truncated:
        told += f"<p>{calls.failed:,} calls ended with an exit code other than 0; {calls.truncated:,} results were cut by their tool.</p>"
    if replayed is None:
        return (
            told
            + "<p>Nobody has said here whether the calls give the same results today. <code>punie-data verify DATASET --json</code> "
            "finds out, and <code>punie-data report DATASET --verdict FILE</code> shows what it said.</p>"
        )
    found = "".join(
        f'<li><a href="#{fragment("replay", state)}">{rows:,} {"row" if rows == 1 else "rows"}</a>: {escape(state)}</li>'
        for state, rows in counts.items()
    )
    return told + f"<p>{text(replayed.summary)}</p><ul>{found}</ul>"


def making(manifest: dict[str, Any]) -> str:
    """Where it came from, by the manifest: sources, tools, steps, system prompt. Whatever is not there is left out."""
    if not manifest:
        return "<p>There is no manifest, so nothing is known of how this was made.</p>"
    parts = [f"<p>Made by {text(str(manifest.get('made_by', 'an unknown program')))}.</p>"]
    sources = [source for source in manifest.get("sources") or () if isinstance(source, dict)]
    if sources:
        columns = ("name", "origin", "revision", "license")
        head = "".join(
            f'<th scope="col">{name}</th>' for name in ("repository", "from", "revision", "licence")
        )
        lines = "".join(
            "<tr>" + "".join(f"<td>{text(_said(source.get(key)))}</td>" for key in columns) + "</tr>"
            for source in sources
        )
        parts.append(
            _folded(
                f"{len(sources)} sources",
                f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>',
            )
        )
    parts += [
        _pairs(name, manifest.get(key))
        for key, name in (("tools", "Tools and their versions"), ("options", "Options"))
    ]
    for number, step in enumerate(manifest.get("steps") or (), 1):
        if isinstance(step, dict):
            name = f"Step {number}: {_said(step.get('command'))}"
            parts.append(_pairs(name, {key: value for key, value in step.items() if key != "command"}))
    prompt = manifest.get("system_prompt")
    if isinstance(prompt, str) and prompt:
        parts.append(_folded("System prompt", f"<p>{text(prompt)}</p>"))
    return "".join(parts)


def _pairs(name: str, values: Any) -> str:
    if not isinstance(values, dict) or not values:
        return ""
    lines = "".join(
        f'<tr><th scope="row">{text(str(key))}</th><td>{text(_said(value))}</td></tr>'
        for key, value in values.items()
    )
    return _folded(name, f'<table class="plain"><tbody>{lines}</tbody></table>')


def _folded(name: str, inside: str) -> str:
    return f'<details><summary>{text(name)}</summary><div class="scroll">{inside}</div></details>'


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()
