"""How lines are counted, everywhere: as Python and the language server do. A form feed does not end a line, as `str.splitlines` thinks."""

import re

LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """The lines without their ends; text that ends in a line end has an empty last line."""
    return LINE_END.split(text)
