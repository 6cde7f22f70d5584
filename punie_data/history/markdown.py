"""A document as Markdown, as GitHub reads it. Nothing that anybody's text says becomes markup."""

import re
from collections.abc import Iterator, Sequence

from punie_data.history.document import Block, Cell, Document, Fold, Heading, Paragraph, Plot, Table, place
from punie_data.plain import plain_line

_SIGNS = re.compile(r"([\\`*_\[\]|<>#~$&!])")
_WIDTH = 24


def safe(text: str) -> str:
    """Anybody's text on one line, without meaning to Markdown."""
    return _SIGNS.sub(r"\\\1", plain_line(text))


def markdown(document: Document) -> str:
    return "\n\n".join(_parts(document)) + "\n"


def _parts(document: Document) -> Iterator[str]:
    yield f"# {safe(document.title)}"
    yield safe(document.lead)
    yield from _blocks(document.blocks)


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Heading):
            yield f"{'#' * block.level} {safe(block.text)}"
        elif isinstance(block, Paragraph):
            yield safe(block.text)
        elif isinstance(block, Table):
            yield _table(block)
        elif isinstance(block, Fold):
            yield f"### {safe(block.title)}"
            yield from _blocks(block.blocks)
        else:
            yield _plot(block)


def _table(table: Table) -> str:
    line = "|".join("---:" if number in table.numbers else "---" for number in range(len(table.head)))
    lines = [f"| {' | '.join(map(safe, table.head))} |", f"|{line}|"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table.rows]
    return "\n".join(lines)


def _cell(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return safe(cell)
    return safe(f"{cell.text} ({cell.note})" if cell.note and cell.text else cell.text or cell.note)


def _plot(plot: Plot) -> str:
    lines = [f"| {safe(plot.title)} | | |", "|---|---:|---|"]
    for point in plot.points:
        bar = "█" * max(1, round(place(plot, point.value) * _WIDTH)) if point.value else ""
        lines.append(f"| {safe(point.label)} | {safe(point.told)} | {bar} |")
    return "\n".join(lines) + f"\n\n{safe(plot.about)}"
