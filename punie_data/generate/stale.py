"""Documentation that is older than the code: its examples import what the project no longer has."""

import re

from punie_data.code.repo import Repo

IMPORT = re.compile(r"^[ \t]*(?:>>> |\.\.\. )?from ([\w.]+) import (?:\(([^)]*)\)|([^\n(]+))", re.MULTILINE)


def stale_import(text: str, repo: Repo) -> str:
    """The first name that an example in `text` imports from the project's own packages, and that none of its files has; "" where there is none.

    A package that fills itself when it is imported (`__getattr__`, a star import of what isn't read here) may have any name; of a module that isn't
    there nothing is said, since it may be a compiled one, or another project's in the same namespace.
    """
    for module, several, plain in IMPORT.findall(text):
        if module not in repo.modules or {"*", "__getattr__"} & repo.importable:
            continue
        for part in re.sub(r"#.*", "", several or plain).split(","):
            name = part.split(" as ")[0].strip(" \t\n\\")
            if name.isidentifier() and name not in repo.importable:
                return f"{module}.{name}"
    return ""
