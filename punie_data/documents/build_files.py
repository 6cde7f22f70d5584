"""What files that run things say by their form: the hooks of pre-commit, the targets of make."""

import re


def hooks(text: str) -> list[str]:
    return re.findall(r"^\s*- id: ([\w-]+)$", text, re.MULTILINE)


def targets(text: str) -> list[str]:
    """The targets of a Makefile; a rule may have several, and a line that sets a variable for some is none."""
    found = []
    for names, rest in re.findall(r"^([A-Za-z][\w .-]*?)[ ]*::?(?![:=])(.*)$", text, re.MULTILINE):
        if not re.match(r"\s*[\w.-]+\s*[:+?]?=", rest):
            found += names.split()
    return found
