"""pydantic-monty's Python interpreter: a process beside ours that has no files, no network, no clock and no modules but its own.

It runs the code that an assistant wrote, not the repository's. Time stands still in it, sleeping takes none, and chance is seeded, so
that the same code prints the same text on every day and every machine. Not covered: a mistake in the interpreter itself; the process it
runs in is an ordinary one.
"""

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from punie_data.errors import ToolFailed, ToolUnavailable

if TYPE_CHECKING:
    from pydantic_monty import ClassInstance

SECONDS = 5.0
MEMORY_BYTES = 64 * 1024 * 1024
RECURSION = 500
HOST_CALLS = 1000
COLLECTED_BYTES = 1_000_000
"""Printing more than this ends the run: far above what a row may hold."""
CLOCK = datetime(2025, 1, 1, 12, tzinfo=UTC)
LIMITS = {
    "max_feed_duration_secs": SECONDS,
    "max_memory": MEMORY_BYTES,
    "max_recursion_depth": RECURSION,
    "max_suspensions": HOST_CALLS,
}


@dataclass(frozen=True, slots=True)
class Ran:
    """What the code printed; `error` is `ExceptionType: message` and `line` its 1-based line, "" and 0 when all went well."""

    printed: str
    error: str = ""
    line: int = 0


class Interpreter:
    """A warm pool of one process. ToolUnavailable when it cannot start, crashes, or when the code exceeds its time."""

    def __init__(self, binary: str) -> None:
        from pydantic_monty import Monty, MontyError

        self._stack = ExitStack()
        try:
            self._pool = self._stack.enter_context(
                Monty(binary_path=binary, max_processes=1, checkout_timeout=60, request_timeout=60)
            )
        except (MontyError, OSError, RuntimeError) as error:
            raise ToolFailed(f"the interpreter does not start: {error}") from None

    def run(self, code: str, functions: Mapping[str, Callable[..., Any]]) -> Ran:
        """Run `code`; what a function returns crosses with all its fields, tuples as lists.

        An exception of a function is raised in the code, under its name; what must stop the run altogether is for the function to
        remember, since the code may catch anything.
        """
        from pydantic_monty import CollectString, MontyCrashedError, MontyRuntimeError, MontySyntaxError

        output = CollectString(max_bytes=COLLECTED_BYTES)
        lookup = {name: _returning_wrapped(function) for name, function in functions.items()}
        try:
            with self._pool.checkout(limits=LIMITS, os_policy=_policy()) as session:
                session.feed_run(code, external_lookup=lookup, print_callback=output)
        except (MontyRuntimeError, MontySyntaxError) as error:
            said = error.display("type-msg")
            frames = error.traceback()
            if not frames and said.startswith("TimeoutError: feed time limit"):
                raise ToolUnavailable(f"the code did not end in {SECONDS:.0f} s") from None
            if not frames and len(output.output) > COLLECTED_BYTES // 2 and said.startswith("MemoryError:"):
                raise ToolUnavailable(f"the code printed more than {COLLECTED_BYTES:,} bytes") from None
            # The number of bytes that were too many differs from version to version and teaches nothing.
            said = (
                said.partition(" limit exceeded: ")[0] + " limit exceeded"
                if " limit exceeded: " in said
                else said
            )
            return Ran(output.output, said, frames[-1].line if frames else 0)
        except (MontyCrashedError, TimeoutError, RuntimeError) as error:
            raise ToolFailed(f"the interpreter died: {error}") from None
        return Ran(output.output)

    def type_errors(self, code: str, stubs: str) -> str | None:
        """What the type checker says of `code` against `stubs`, one finding a line; None when it finds nothing.

        The checker is only to be had together with a run, so the code is also started, and stopped at its first call of a tool.
        """
        from pydantic_monty import CollectString, MontyCrashedError, MontyError, MontyTypingError

        try:
            with self._pool.checkout(
                type_check=True,
                type_check_stubs=stubs,
                type_check_format="concise",
                limits=LIMITS | {"max_feed_duration_secs": 0.2},
                os_policy=_policy(),
            ) as session:
                session.feed_start(code, print_callback=CollectString(max_bytes=COLLECTED_BYTES))
        except MontyTypingError as error:
            return error.display().strip()
        except (MontyCrashedError, TimeoutError, RuntimeError) as error:
            raise ToolFailed(f"the interpreter died: {error}") from None
        except MontyError:
            return None
        return None

    def close(self) -> None:
        self._stack.close()


def _policy() -> dict[str, Any]:
    return {"datetime": CLOCK, "sleep": "zero", "random_start": {"seed": 0}}


def _returning_wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *positional, **named: crossing(function(*positional, **named))


def crossing(value: Any) -> Any:
    """A tool's value as the interpreter takes it: every dataclass in it wrapped with all its fields, every tuple a list."""
    if isinstance(value, tuple):
        return [crossing(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _wrapper()(value, eager_attrs="all")
    return value


_WRAPPER: list[type["ClassInstance"]] = []


def _wrapper() -> type["ClassInstance"]:
    """ClassInstance that also wraps what its fields hold. Made when first needed, because the library is slow to import."""
    if not _WRAPPER:
        from pydantic_monty import ClassInstance

        class Crossing(ClassInstance):
            def convert_value(self, /, name: str, value: Any) -> Any:
                return crossing(value)

        _WRAPPER.append(Crossing)
    return _WRAPPER[0]
