"""Another name that an engineer might want for something."""

from collections.abc import Container
from random import Random

VERBS = {
    "get": "fetch", "fetch": "load", "find": "locate", "make": "build", "create": "build", "build": "create", "parse": "read",
    "remove": "drop", "delete": "remove", "load": "read", "run": "execute", "execute": "run", "check": "validate", "validate": "check",
    "handle": "process", "process": "handle", "format": "render", "render": "format", "compute": "calculate", "calculate": "compute",
    "add": "insert", "update": "refresh", "resolve": "look_up", "convert": "translate", "normalize": "normalise", "is": "looks",
    "to": "as", "read": "load", "write": "store", "save": "store", "print": "show", "show": "display", "iter": "each", "split": "divide",
    "join": "merge", "merge": "combine", "extract": "pick", "register": "enrol", "send": "deliver", "open": "start", "close": "shut",
    "encode": "dump", "decode": "parse", "setup": "prepare", "init": "prepare", "ensure": "require", "generate": "produce",
}  # fmt: skip
ENDINGS = {
    "Exception": "Error", "Error": "Failure", "Manager": "Registry", "Handler": "Processor", "Config": "Settings", "Settings": "Options",
    "Options": "Settings", "Factory": "Builder", "Builder": "Factory", "Mixin": "Support", "Service": "Provider", "Provider": "Source",
    "Result": "Outcome", "Info": "Details", "Context": "Environment", "Type": "Kind", "Parser": "Reader", "Formatter": "Renderer",
    "Client": "Session", "Request": "Query", "Response": "Reply", "Test": "Check", "Warning": "Notice", "Protocol": "Interface",
}  # fmt: skip
PARTS = {
    "DEFAULT": "STANDARD", "MAX": "MAXIMUM", "MIN": "MINIMUM", "RE": "PATTERN", "REGEX": "PATTERN", "DIR": "FOLDER", "PATH": "LOCATION",
    "TIMEOUT": "TIME_LIMIT", "SIZE": "LENGTH", "COUNT": "NUMBER", "NAME": "LABEL", "MAP": "TABLE", "MAPPING": "TABLE",
    "URL": "ADDRESS", "CHARS": "CHARACTERS", "OPTS": "OPTIONS", "ATTR": "ATTRIBUTE", "VERSION": "RELEASE", "KEYS": "NAMES",
}  # fmt: skip


def other_name(chance: Random, name: str, taken: Container[str], may_hide: bool = True) -> str:
    """A synonym, the private name made public, or, if it `may_hide`, the public one private; "" where none of them is free."""
    found = [other for other in _synonyms(name) if other not in taken]
    if found and (chance.random() < 0.8 or not may_hide):
        return chance.choice(found)
    if name.startswith("_") and not name.startswith("__"):
        toggled = name[1:]
    else:
        toggled = f"_{name}" if may_hide and not name.startswith("_") else ""
    return toggled if toggled and toggled not in taken and toggled.isidentifier() else "".join(found[:1])


def _synonyms(name: str) -> list[str]:
    head = "_" * (len(name) - len(name.lstrip("_")))
    words = name.lstrip("_").split("_")
    if name.isupper():
        return [
            head + "_".join([*words[:at], PARTS[word], *words[at + 1 :]])
            for at, word in enumerate(words)
            if word in PARTS
        ]
    if words[0][:1].isupper():
        return [
            f"{name.removesuffix(ending)}{other}"
            for ending, other in ENDINGS.items()
            if name.endswith(ending) and name != ending
        ]
    return [head + "_".join([VERBS[words[0]], *words[1:]])] if words[0] in VERBS and len(words) > 1 else []
