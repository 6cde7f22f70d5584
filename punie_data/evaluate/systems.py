"""What can be evaluated: anything that replies to a conversation. Here are the interface and the model in process.

    system.reply([Conversation(prompt, tools), …])   # → (number, Turn) as they come
    system.told()                                    # → what names the system in a summary

Of what a conversation holds besides its prompt, every system makes its own form: text of a dialect, or messages with structured calls.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from punie_data import dialects
from punie_data.dialects.base import Call, Dialect, Malformed, Parsed, Refused, Rendered, Signatures
from punie_data.dialects.template import Template, TemplateError
from punie_data.evaluate.fingerprint import weights_digest
from punie_data.evaluate.generate import System
from punie_data.evaluate.likelihood import Likelihood
from punie_data.evaluate.queries import Query

UNREADABLE = "Error: the tool call could not be read: {reason}"
"""What is answered to a call that can't be parsed, as a runtime tells a model to try again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the system's. `text` is what it wrote, `content` that without its calls.

    Where `unscored` is not "", there is no turn to judge and it says why; `again` where asking once more may help.
    """

    text: str = ""
    content: str = ""
    calls: tuple[Call, ...] = ()
    malformed: str = ""
    prompt_tokens: int = 0
    tokens: int = 0
    seconds: float = 0.0
    unscored: str = ""
    again: bool = False

    @property
    def parsed(self) -> Parsed | Malformed:
        return Malformed(self.malformed) if self.malformed else Parsed(self.content, self.calls)


@dataclass(frozen=True, slots=True)
class Results:
    """What was answered to the calls of the turn before, in their order; to a turn that could not be read one text."""

    contents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What the user asks next."""

    text: str


@dataclass(slots=True)
class Conversation:
    """`prompt` are messages as a record holds them, `later` what came after them. `system_prompt` is its own, in place of the system's."""

    prompt: Sequence[Mapping[str, Any]]
    tools: Signatures
    later: list[Turn | Results | Question] = field(default_factory=list)
    system_prompt: str | None = None


def conversation_of(query: Query) -> Conversation:
    """The beginning that a query is."""
    return Conversation(query.prompt, query.tools, system_prompt=query.system_prompt)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Choices by what names them: what the model was shown of each, and how likely it finds that."""

    prompt_tokens: int
    texts: Mapping[str, str]
    of: Mapping[str, Likelihood]


class Replies(Protocol):
    """A system. `batch` is how many conversations it takes at a time, `dialect` how its calls are written."""

    batch: int
    dialect: str

    def told(self) -> dict[str, Any]: ...

    def proof(self) -> dict[str, Any]: ...

    def reply(self, asked: Sequence[Conversation]) -> Iterator[tuple[int, Turn]]: ...


@dataclass(slots=True)
class InProcess:
    """A model in MLX form, with or without an adapter. Loaded when it is first asked: UserError where that fails."""

    model: Path
    adapter: Path | None
    dialect: str
    system_prompt: str
    most: int = 256
    batch: int = 16
    longest: int = 8192
    _template: Template | None = None
    system: System | None = None
    """What is asked; loaded from the folders where it is None."""

    def told(self) -> dict[str, Any]:
        return {
            "model": self.model.name,
            "adapter": self.adapter.name if self.adapter else None,
            "weights": weights_digest(self.model, self.adapter),
            "dialect": self.dialect,
            "system_prompt": self.system_prompt,
            "most_tokens": self.most,
        }

    def proof(self) -> dict[str, Any]:
        """The digest of the weights is proof enough."""
        return {}

    def reply(self, asked: Sequence[Conversation]) -> Iterator[tuple[int, Turn]]:
        self._template = self._template or Template.load(self.model)
        prompts: list[list[int]] = []
        places: list[int] = []
        for number, conversation in enumerate(asked):
            prompt = self._prompt(conversation, self._template)
            if isinstance(prompt, Refused):
                yield number, Turn(unscored=prompt.reason)
            else:
                prompts.append(prompt)
                places.append(number)
        if not prompts:
            return
        self.system = self.system or System(self.model, self.adapter)
        for at, written in self.system.answer(prompts, self.most, self.batch):
            number = places[at]
            turn = turn_of(written.text, self.dialect, asked[number].tools)
            yield (
                number,
                Turn(
                    turn.text,
                    turn.content,
                    turn.calls,
                    turn.malformed,
                    written.prompt_tokens,
                    written.tokens,
                    written.seconds,
                ),
            )

    def likelihoods(
        self, conversation: Conversation, choices: Mapping[str, Mapping[str, Any]]
    ) -> Weighed | Refused:
        """How likely each choice, an assistant's message of a record, is as the next turn; the token that would end the turn is not counted."""
        self._template = template = self._template or Template.load(self.model)
        beginning = self._text(conversation, template)
        prompt = self._prompt(conversation, template)
        if isinstance(beginning, Refused) or isinstance(prompt, Refused):
            return beginning if isinstance(beginning, Refused) else prompt  # type: ignore[return-value]
        texts: dict[str, str] = {}
        tokens: dict[str, list[int]] = {}
        for name, message in choices.items():
            text = self._choice(conversation, message, beginning, template)
            if isinstance(text, Refused):
                return Refused(f"the choice {name}: {text.reason}")
            whole = template.encode(beginning + text)
            # Where the two grow together at the seam, the model would not have written them so.
            own = whole[len(prompt) :] if whole[: len(prompt)] == prompt else template.encode(text)
            if not own:
                return Refused(f"the choice {name} is empty")
            texts[name], tokens[name] = text, own
        if len(prompt) + max(map(len, tokens.values())) > self.longest:
            return Refused(f"longer than {self.longest} tokens")
        self.system = self.system or System(self.model, self.adapter)
        totals = self.system.log_probabilities(prompt, list(tokens.values()))
        found = {
            name: Likelihood(total, len(tokens[name]), len(texts[name]))
            for name, total in zip(tokens, totals, strict=True)
        }
        return Weighed(len(prompt), texts, found)

    def _choice(
        self, conversation: Conversation, message: Mapping[str, Any], beginning: str, template: Template
    ) -> str | Refused:
        """What a model would write to say this: text of the dialect, or what the chat template makes of it."""
        longer = replace(conversation, prompt=[*conversation.prompt, message])
        found = as_messages(longer, self.dialect, self.system_prompt)
        if isinstance(found, Refused):
            return found
        if found.tools is None:
            return str(found.messages[-1]["content"])
        try:
            text = template.render(found.messages, found.tools)
        except TemplateError as error:
            return Refused(f"the chat template refuses it: {error}")
        if not text.startswith(beginning):
            return Refused("the chat template writes another beginning before it")
        said = text[len(beginning) :]
        return said.partition(template.eos_token)[0] if template.eos_token else said

    def _prompt(self, conversation: Conversation, template: Template) -> list[int] | Refused:
        text = self._text(conversation, template)
        if isinstance(text, Refused):
            return text
        tokens = template.encode(text)
        return Refused(f"longer than {self.longest} tokens") if len(tokens) > self.longest else tokens

    def _text(self, conversation: Conversation, template: Template) -> str | Refused:
        """The prompt as the model sees it."""
        found = as_messages(conversation, self.dialect, self.system_prompt)
        if isinstance(found, Refused):
            return found
        try:
            return template.render(found.messages, found.tools, add_generation_prompt=True)
        except TemplateError as error:
            return Refused(f"the chat template refuses it: {error}")


def turn_of(text: str, dialect: str, tools: Signatures) -> Turn:
    """What a model wrote, read by the dialect's parser."""
    parsed = dialects.load(dialect).parse(text, tools)
    if isinstance(parsed, Malformed):
        return Turn(text, text, malformed=parsed.reason or "the call can't be read")
    return Turn(text, parsed.content, parsed.calls)


def as_written(content: str, calls: Sequence[Call], dialect: str, tools: Signatures) -> str:
    """Structured calls as the dialect writes them: of a turn that a server has read already, only its meaning is known."""
    turn = Turn("", content, tuple(calls))
    message = structured(Conversation((), tools, [turn]))[0]
    found = dialects.load(dialect).render(
        {"messages": [{"role": "user", "content": "?"}, message]}, tools, ""
    )
    return content if isinstance(found, Refused) else str(found.messages[-1]["content"])


def as_messages(conversation: Conversation, dialect: str, system_prompt: str) -> Rendered | Refused:
    """The whole conversation as a chat template takes it: the system's own turns as it wrote them, results as the dialect writes them."""
    spoken = dialects.load(dialect)
    if conversation.system_prompt is not None:
        system_prompt = conversation.system_prompt
    base = spoken.render({"messages": list(conversation.prompt)}, conversation.tools, system_prompt)
    if isinstance(base, Refused) or not conversation.later:
        return base
    messages = list(base.messages)
    if base.tools is not None:
        messages += structured(conversation)
        return Rendered(tuple(messages), base.tools)
    called = False
    for said in conversation.later:
        if isinstance(said, Turn):
            called = bool(said.calls)
            messages.append({"role": "assistant", "content": said.text})
        elif isinstance(said, Question):
            messages.append({"role": "user", "content": said.text})
        else:
            written = _results(spoken, said.contents) if called else said.contents[0]
            if isinstance(written, Refused):
                return written
            messages.append({"role": "user", "content": written})
    return Rendered(tuple(messages), None)


def structured(conversation: Conversation) -> list[dict[str, Any]]:
    """What came after the prompt, as a record holds it."""
    count = sum(len(message.get("tool_calls") or ()) for message in conversation.prompt)
    messages: list[dict[str, Any]] = []
    pending: list[tuple[str, str]] = []
    for said in conversation.later:
        if isinstance(said, Question):
            messages.append({"role": "user", "content": said.text})
        elif isinstance(said, Results) and not pending:
            messages.append({"role": "user", "content": said.contents[0]})
        elif isinstance(said, Results):
            messages += [
                {"role": "tool", "content": content, "tool_call_id": identity, "name": name}
                for (identity, name), content in zip(pending, said.contents, strict=True)
            ]
        else:
            message: dict[str, Any] = {"role": "assistant", "content": said.content}
            pending = [(f"call_{count + at}", call.name) for at, call in enumerate(said.calls)]
            count += len(pending)
            if pending:
                message["tool_calls"] = [
                    {"id": identity, "type": "function", "function": {"name": call.name, "arguments": dict(call.arguments)}}
                    for (identity, _), call in zip(pending, said.calls, strict=True)
                ]  # fmt: skip
            messages.append(message)
    return messages


def _results(dialect: Dialect, contents: Sequence[str]) -> str | Refused:
    """Results as the dialect writes them: rendered behind calls that every dialect can write, since only the results are wanted."""
    function = {"name": "execute_code", "arguments": {"code": "pass"}}
    calls = [{"id": f"call_{n}", "type": "function", "function": function} for n in range(len(contents))]
    record = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": "", "tool_calls": calls},
        *({"role": "tool", "content": content, "tool_call_id": call["id"], "name": "execute_code"} for call, content in zip(calls, contents, strict=True)),
    ]  # fmt: skip
    signatures = dialects.signatures(["execute_code"])
    assert not isinstance(signatures, Refused)
    found = dialect.render({"messages": record}, signatures, "")
    return found if isinstance(found, Refused) else found.messages[-1]["content"]
