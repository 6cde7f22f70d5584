"""What code in the sandbox may use: one place, taken from trying each on pydantic-monty 1.4.

A test tries every entry in the real interpreter.
"""

import ast

TOOL = "execute_code"
PARAMETER = "code"

MODULES = frozenset(
    {"json", "re", "math", "typing", "datetime", "collections", "itertools", "functools", "asyncio"}
)
"""What may be imported. The interpreter also offers parts of `os`, `sys` and `pathlib`; their world is empty, so that code with them misleads."""

_BUILTINS = """
abs all any bin bool bytes chr complex dict divmod enumerate filter float format frozenset getattr hasattr hash hex id int isinstance iter
    len list map max min next object oct ord pow print property range repr reversed round set slice sorted str sum tuple type zip
    True False None Ellipsis NotImplemented
    ArithmeticError AssertionError AttributeError BaseException Exception FileExistsError FileNotFoundError ImportError IndexError
    IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError NotImplementedError
    OSError OverflowError PermissionError RecursionError RuntimeError StopIteration SyntaxError SystemExit TimeoutError TypeError
    UnboundLocalError UnicodeDecodeError UnicodeEncodeError ValueError ZeroDivisionError"""
BUILTINS = frozenset(_BUILTINS.split())
REFUSED_CALLS = frozenset(
    {
        "open",
        "eval",
        "exec",
        "compile",
        "input",
        "setattr",
        "locals",
        "globals",
        "vars",
        "breakpoint",
        "__import__",
    }
)

UNSUPPORTED: dict[type[ast.AST], str] = {
    ast.ClassDef: "a class definition",
    ast.With: "a with statement",
    ast.AsyncWith: "an async with statement",
    ast.AsyncFor: "an async for statement",
    ast.Delete: "a del statement",
    ast.Yield: "a yield",
    ast.YieldFrom: "a yield from",
}
if hasattr(ast, "TypeAlias"):
    UNSUPPORTED[ast.TypeAlias] = "a type alias"
