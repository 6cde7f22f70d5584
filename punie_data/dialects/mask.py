"""Which tokens of a rendered conversation the model is to learn: every assistant turn with the token that ends it, and nothing else.

mlx-lm's `--mask-prompt` teaches the last message alone; of a tool conversation that is the answer, and never a call.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from punie_data.dialects.base import Refused, Rendered
from punie_data.dialects.template import Template, TemplateError

OPENING = 2
"""Tokens of a turn by which it is nearly decided what it will be: a call, an answer, a question back or a refusal."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A conversation as tokens. `turns` are the assistant's, in order, as half-open ranges of `tokens`; `head` tokens are the system message, where
    that is known. `weights` are what a token of each turn weighs, () where all weigh 1; the first `OPENING` tokens of a turn weigh `opening` times as
    much. `parts` are the lengths of several conversations that stand one behind the other, () where it is one.
    """

    tokens: tuple[int, ...]
    turns: tuple[tuple[int, int], ...]
    head: int = 0
    weights: tuple[float, ...] = ()
    parts: tuple[int, ...] = ()
    opening: float = 1.0

    @property
    def trained(self) -> int:
        """How many tokens are learned."""
        return sum(end - start for start, end in self.turns)

    @property
    def weight(self) -> float:
        """What all of them weigh together."""
        if not self.weights and self.opening == 1:
            return float(self.trained)
        return sum(map(sum, map(self.weights_of, range(len(self.turns)))))

    def weights_of(self, turn: int) -> list[float]:
        """What each token of the turn weighs."""
        start, end = self.turns[turn]
        weight = self.weights[turn] if self.weights else 1.0
        first = min(OPENING, end - start)
        return [weight * self.opening] * first + [weight] * (end - start - first)


def mask(template: Template, rendered: Rendered) -> Masked | Refused:
    """The tokens, and where the assistant's turns are among them.

    A turn begins where the prompt that the runtime would send ends, and takes its end-of-turn token with it. Refused where the template doesn't
    write a conversation so that its beginning is what it writes of the beginning (Qwen3 takes thoughts away from earlier turns), where a turn
    does not begin at a token's edge, and where the template refuses the messages.
    """
    messages = list(rendered.messages)
    try:
        text = template.render(messages, rendered.tools)
        spans = _spans(template, rendered, text)
    except TemplateError as error:
        return Refused(f"the chat template refuses it: {error}")
    if isinstance(spans, Refused):
        return spans
    tokens, offsets = template.encode_with_offsets(text)
    turns = []
    at = 0
    for start, end in spans:
        while at < len(tokens) and offsets[at][1] <= start:
            at += 1
        first = at
        while at < len(tokens) and offsets[at][1] <= end:
            at += 1
        if first == at or offsets[first][0] != start or offsets[at - 1][1] != end:
            return Refused("an assistant turn does not begin and end at a token's edge")
        turns.append((first, at))
    return Masked(tuple(tokens), tuple(turns))


def _spans(template: Template, rendered: Rendered, text: str) -> Sequence[tuple[int, int]] | Refused:
    """The assistant's turns as ranges of characters."""
    messages = list(rendered.messages)
    found = []
    for number, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        prompt = template.render(messages[:number], rendered.tools, add_generation_prompt=True)
        whole = template.render(messages[: number + 1], rendered.tools)
        if not text.startswith(prompt) or not text.startswith(whole.rstrip()) or not whole.startswith(prompt):
            return Refused(f"the template of the first {number + 1} messages is no prefix of the whole")
        end = len(whole.rstrip())
        if end <= len(prompt):
            return Refused(f"message {number}: the template writes nothing of it")
        found.append((len(prompt), end))
    return found
