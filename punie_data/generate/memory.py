"""Results of tools and verdicts on scenes that were come by before, kept by everything that they depend on.

A run after a small change then asks the tools only about what the change may touch. What a program of Code Mode printed depends on what the
tools told it: its calls are made again (most are known), and it printed the same if they were answered the same.
"""

import pickle
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from punie_data.generate.dependence import Dependence
from punie_data.generate.digests import digest_of
from punie_data.generate.store import Store
from punie_data.tools.base import Outcome, Tool
from punie_data.tools.results import to_text
from punie_data.tools.workspace import version


class Memory:
    """`keep` only notes; `flush` writes what was noted. Only what is true of the unchanged snapshot may be asked for or kept."""

    def __init__(self, store: Store, dependence: Dependence, engine: str) -> None:
        """`engine` is the digest of our own code: what another version found is nothing to rely on."""
        self._store = store
        self._dependence = dependence
        self._engine = engine
        self._noted: dict[str, bytes] = {}
        self._asked: tuple[Mapping[str, Any] | None, str] = (None, "")
        """The arguments of the last call and its key: what is not known is kept right after."""

    def recall(self, tool: Tool, bound: Mapping[str, Any]) -> Outcome | None:
        """The outcome of a call; its `arguments` are `bound`."""
        key = self._key(tool, bound)
        data = self._get(key) if key else None
        if data is None:
            return None
        value, exit_code, program, truncated, redactions = pickle.loads(data)
        return Outcome(tool.name, bound, value, to_text(value), exit_code, program, truncated, redactions)

    def keep(self, tool: Tool, bound: Mapping[str, Any], outcome: Outcome) -> None:
        key = self._key(tool, bound)
        if key:
            self._noted[key] = _packed(outcome)

    def calls_of(self, code: str) -> list[tuple[str, dict[str, Any]]] | None:
        """Which calls a program made when it last ran; None for one that is not known."""
        data = self._get(self._digest("program", code))
        return None if data is None else [(name, arguments) for name, arguments in orjson.loads(data)]

    def recall_program(
        self, tool: Tool, bound: Mapping[str, Any], inner: tuple[Outcome, ...]
    ) -> Outcome | None:
        """What the program printed when its calls were answered as in `inner`."""
        data = self._get(self._program_key(tool, bound, inner))
        if data is None:
            return None
        value, exit_code, program, truncated, redactions = pickle.loads(data)
        return Outcome(
            tool.name, bound, value, to_text(value), exit_code, program, truncated, redactions, inner
        )

    def keep_program(self, tool: Tool, bound: Mapping[str, Any], outcome: Outcome) -> None:
        calls = [[call.tool, dict(call.arguments)] for call in outcome.inner]
        self._noted[self._digest("program", bound["code"])] = orjson.dumps(calls)
        self._noted[self._program_key(tool, bound, outcome.inner)] = _packed(outcome)

    def findings(self, tool: Tool, path: str) -> Any:
        """What a process that was asked about many files said of one; None where it has to be asked."""
        key = self._findings_key(tool, path)
        data = self._get(key) if key else None
        return None if data is None else pickle.loads(data)

    def keep_findings(self, tool: Tool, path: str, value: Any) -> None:
        key = self._findings_key(tool, path)
        if key:
            self._noted[key] = pickle.dumps(value)

    def once(self, parse: Callable[..., Any], *arguments: str) -> Any:
        """What a function makes of texts, and of nothing else."""
        key = self._digest("parsed", parse.__module__, parse.__qualname__, arguments)
        data = self._get(key)
        if data is not None:
            return pickle.loads(data)
        made = parse(*arguments)
        self._noted[key] = pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL)
        return made

    def verdict(self, key: str) -> tuple[str, str] | None:
        """What the judge found to be wrong with a scene, ("", "") for nothing."""
        data = self._get(self._digest("verdict", key))
        if data is None:
            return None
        reason, detail = orjson.loads(data)
        return reason, detail

    def keep_verdict(self, key: str, reason: str, detail: str) -> None:
        self._noted[self._digest("verdict", key)] = orjson.dumps([reason, detail])

    def flush(self, *more: tuple[str, bytes]) -> None:
        """Write it all, and `more`, at once."""
        self._store.put([*self._noted.items(), *more])
        self._noted.clear()

    def close(self) -> None:
        self._store.close()

    def _get(self, key: str) -> bytes | None:
        noted = self._noted.get(key)
        return self._store.get(key) if noted is None else noted

    def _key(self, tool: Tool, bound: Mapping[str, Any]) -> str:
        """ "" for what is not kept."""
        if self._asked[0] is not bound:
            depends = self._dependence.of(tool.name, bound)
            key = self._digest("call", tool.name, version(tool.program), bound, depends) if depends else ""
            self._asked = (bound, key)
        return self._asked[1]

    def _digest(self, kind: str, *parts: object) -> str:
        return f"{kind}:{digest_of(self._engine, *parts)}"

    def _program_key(self, tool: Tool, bound: Mapping[str, Any], inner: tuple[Outcome, ...]) -> str:
        told = [[call.tool, dict(call.arguments), call.content, call.exit] for call in inner]
        return self._digest("printed", version(tool.program), bound, told)

    def _findings_key(self, tool: Tool, path: str) -> str:
        """ "" for what is not kept: a path that is no file of the project."""
        depends = self._dependence.of(tool.name, {"path": path})
        return self._digest("findings", tool.name, version(tool.program), path, depends) if depends else ""


def _packed(outcome: Outcome) -> bytes:
    return pickle.dumps(
        (outcome.value, outcome.exit, outcome.version, outcome.truncated, outcome.redactions),
        protocol=pickle.HIGHEST_PROTOCOL,
    )
