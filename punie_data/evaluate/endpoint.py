"""A model behind an OpenAI-compatible endpoint: mlx_lm.server, Ollama, vLLM, llama.cpp, a paid one.

Which model answered is not taken for granted: servers load whatever a request names, or answer with what they have. The model that is asked for must be
among those that the server lists, every answer must name it, and the server's fingerprint must stay the one of the first answer; what does not is
`unscored`. A server that only repeats the name it was asked for can still deceive: `parity` compares its answers with those of the weights themselves.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from punie_data.dialects.base import Call, Refused
from punie_data.errors import UserError
from punie_data.evaluate.requests import NoAnswer, Server
from punie_data.evaluate.served import LOADED
from punie_data.evaluate.systems import Conversation, Turn, as_messages, as_written, turn_of

_DATED = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8})")
GIVE_UP = 5
"""Queries in a row for which the server could not be reached at all: it is gone."""


@dataclass(slots=True)
class Endpoint:
    """`dialect` "native": the server is sent tools and messages with structured calls, and its own parser reads the model; any other is written into
    the messages and read back here. `batch` requests are sent at a time. UserError where the server can't be reached or has no such model.
    """

    server: Server
    model: str | None
    dialect: str
    system_prompt: str
    most: int = 256
    batch: int = 1
    listed: list[str] | None = None
    answered_as: Counter[str] = field(default_factory=Counter)
    fingerprints: Counter[str] = field(default_factory=Counter)
    _unreached: int = 0

    def __post_init__(self) -> None:
        self.listed = self._list()
        if self.model is None:
            if self.listed is None or len(self.listed) != 1:
                known = ", ".join(self.listed or ()) or "it lists none"
                raise UserError(f"which of the endpoint's models is to be asked? Name it with --served-model ({known})")  # fmt: skip
            self.model = self.listed[0]
        listed = self.listed
        # By LOADED an mlx_lm.server means what it was started with, and lists it under another name.
        if (
            listed is not None
            and self.model != LOADED
            and not any(_is_model(name, self.model) for name in listed)
        ):
            raise UserError(f"the endpoint has no model {self.model}: {', '.join(listed) or 'it lists none'}")

    def told(self) -> dict[str, Any]:
        return {
            "endpoint": self.server.url,
            "model": self.model,
            "adapter": None,
            "weights": "",
            "dialect": self.dialect,
            "system_prompt": self.system_prompt,
            "most_tokens": self.most,
        }

    def proof(self) -> dict[str, Any]:
        """What the server said of the model: at the beginning, with each answer of this run, and now."""
        try:
            now = self._list()
        except UserError:
            now = None
        return {
            "listed": self.listed,
            "listed_at_the_end": None
            if now is None
            else any(_is_model(name, str(self.model)) for name in now),
            "answered_as": dict(sorted(self.answered_as.items())),
            "system_fingerprints": dict(sorted(self.fingerprints.items())),
        }

    def reply(self, asked: Sequence[Conversation]) -> Iterator[tuple[int, Turn]]:
        with ThreadPoolExecutor(self.batch) as pool:
            running = {}
            waiting = iter(enumerate(asked))
            try:
                for number, conversation in waiting:
                    running[pool.submit(self._turn, conversation)] = number
                    if len(running) < self.batch:
                        continue
                    done = next(as_completed(running))
                    yield running.pop(done), done.result()
                for done in as_completed(running):
                    yield running[done], done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _turn(self, conversation: Conversation) -> Turn:
        body = self._body(conversation)
        if isinstance(body, Refused):
            return Turn(unscored=body.reason)
        began = time.perf_counter()
        try:
            found = self.server.ask("POST", "/chat/completions", body)
        except NoAnswer as trouble:
            self._unreached = 0 if trouble.reached else self._unreached + 1
            if self._unreached >= GIVE_UP:
                raise UserError(f"{trouble}; what was answered is kept, the same command goes on from there") from None  # fmt: skip
            return Turn(unscored=str(trouble), again=True)
        self._unreached = 0
        seconds = time.perf_counter() - began
        other = self._other(found)
        return Turn(unscored=other, again=True) if other else self._read(found, conversation, seconds)

    def _body(self, conversation: Conversation) -> dict[str, Any] | Refused:
        found = as_messages(conversation, self.dialect, self.system_prompt)
        if isinstance(found, Refused):
            return found
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [_as_sent(message) for message in found.messages],
            "max_tokens": self.most,
            "temperature": 0,
            "stream": False,
        }
        return body | {"tools": list(found.tools)} if found.tools else body

    def _other(self, found: Any) -> str:
        """Why this is no answer of the model that was asked for, "" where it is one."""
        if not isinstance(found, dict):
            return "the answer is no chat completion"
        said = found.get("model")
        if not isinstance(said, str) or not said:
            return "the answer does not say which model gave it"
        self.answered_as[said] += 1
        if not _is_model(said, str(self.model)):
            return f"answered by {said}, and {self.model} was asked"
        told = found.get("system_fingerprint")
        if isinstance(told, str) and told:
            first = next(iter(self.fingerprints), told)
            self.fingerprints[told] += 1
            if told != first:
                return f"the server's fingerprint changed from {first} to {told}"
        return ""

    def _read(self, found: Mapping[str, Any], conversation: Conversation, seconds: float) -> Turn:
        try:
            choice = found["choices"][0]
            message = choice["message"]
            text = message.get("content") or ""
            calls = message.get("tool_calls") or []
            if not isinstance(text, str) or not isinstance(calls, list):
                raise TypeError
        except (KeyError, IndexError, TypeError, AttributeError):
            return Turn(unscored="the answer is no chat completion", again=True)
        usage = found.get("usage") if isinstance(found.get("usage"), dict) else {}
        counts = [
            n if isinstance(n := usage.get(key), int) else 0 for key in ("prompt_tokens", "completion_tokens")
        ]  # type: ignore[union-attr]
        if calls:
            read = [_call(call) for call in calls]
            bad = next((one for one in read if isinstance(one, str)), "")
            good = () if bad else tuple(one for one in read if isinstance(one, Call))
            whole = (
                text if self.dialect == "native" else as_written(text, good, self.dialect, conversation.tools)
            )
            return Turn(whole, text, good, bad, *counts, seconds)
        if choice.get("finish_reason") == "tool_calls":
            return Turn(text, text, (), "the server set out to give a call and gave none: it could not read it", *counts, seconds)  # fmt: skip
        turn = turn_of(text, self.dialect, conversation.tools)
        return Turn(turn.text, turn.content, turn.calls, turn.malformed, *counts, seconds)

    def _list(self) -> list[str] | None:
        """The models that the server has; None where it doesn't say. UserError where it can't be reached."""
        try:
            found = self.server.ask("GET", "/models")
            return [str(one["id"]) for one in found["data"]]
        except NoAnswer as trouble:
            if trouble.reached:
                return None
            raise UserError(str(trouble)) from None
        except (KeyError, TypeError):
            return None


def _is_model(said: str, wanted: str) -> bool:
    """Whether a name means the model: the same, or with the tag or the date that a server adds."""
    if said == wanted or said in (f"{wanted}:latest", wanted.removesuffix(":latest")):
        return True
    return said.startswith(wanted) and _DATED.fullmatch(said[len(wanted) :]) is not None


def _as_sent(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as OpenAI's format has it: arguments as JSON text."""
    if not message.get("tool_calls"):
        return dict(message)
    calls = [
        {**call, "function": {**call["function"], "arguments": json.dumps(call["function"]["arguments"], ensure_ascii=False)}}
        for call in message["tool_calls"]
    ]  # fmt: skip
    return {**message, "tool_calls": calls}


def _call(found: Any) -> Call | str:
    """A structured call, or why it is none."""
    function = found.get("function") if isinstance(found, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
        return "the call has no name"
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError) as error:
            return f"the arguments are not JSON: {error}"
    if not isinstance(arguments, dict):
        return "the call has no object of arguments"
    return Call(function["name"], arguments)
