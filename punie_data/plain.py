"""Anybody's text on a terminal: nothing in it may move the cursor, change a colour or turn the reading direction."""


def plain(text: str) -> str:
    """The text with every character that does not print written as its code; line ends stay, tabs become spaces."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\n" else _code(c) for c in text.replace("\r\n", "\n").expandtabs(4)
    )


def plain_line(text: str) -> str:
    """The same on one line."""
    return plain(" ".join(text.split()))


def _code(character: str) -> str:
    number = ord(character)
    # Spaces of other kinds do not print either, in Python's sense, and do no harm.
    if character.isspace() and number > 0xFF and number not in (0x2028, 0x2029):
        return character
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
