"""Names inside strings: which strings hold one."""

import libcst as cst

TAKES_NAMES = frozenset(
    {"getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller", "object", "patch", "usefixtures", "getfixturevalue",
     "namedtuple", "TypeVar", "NewType", "ParamSpec", "TypeVarTuple", "TypedDict", "import_module", "importorskip", "make_dataclass", "fixture"}
)  # fmt: skip
"""Calls among whose arguments a string is a name, or some with spaces or commas between."""
LISTS_NAMES = frozenset({"__all__", "__slots__", "__match_args__"})
"""Variables that hold names."""


def literal(node: cst.SimpleString) -> str:
    """What stands between the quotes, as written."""
    return node.raw_value
