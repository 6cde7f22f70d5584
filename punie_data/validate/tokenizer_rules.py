"""PD80x: whether a target model is trained on what the rows say. They look at a row as the target's tokenizer and chat template write it.

They run only with `--tokenizer`; what they look at is made in `tokenizer`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from punie_data.validate.rule import Rule, shown


@dataclass(frozen=True, slots=True)
class Target:
    """What a model's folder is like. `split` are the delimiters that are several tokens, with how many; `arguments` as `Template.arguments`."""

    dialect: str
    split: tuple[tuple[str, int], ...] = ()
    arguments: str = "mapping"


@dataclass(frozen=True, slots=True)
class Written:
    """One row as the target sees it. An empty text says that there is no trouble of that kind."""

    limit: int
    tokens: int = 0
    refused: str = ""
    unread: str = ""
    no_prefix: str = ""
    control: str = ""
    """`place: token` of the first control token in a text of the row."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Tokens of a file's assistant turns, of those that call, and of both what mlx-lm's `--mask-prompt` teaches and what a mask of all turns does."""

    turns: int = 0
    calls: int = 0
    last_turns: int = 0
    last_calls: int = 0
    all_turns: int = 0
    all_calls: int = 0


def template_refuses(written: Written) -> Iterator[str]:
    """The row can't be written for this target: the chat template raises, the dialect can't say it, or a tool has no signature.

    A trainer stops at such a row, or passes over it without a word.
    """
    if written.refused:
        yield f"the target can't be given this row: {written.refused}"


def too_long(written: Written) -> Iterator[str]:
    """The row has more tokens than --max-seq-length.

    mlx-lm cuts it from the right: the answer, the one thing that is to be learned, goes first, and where the prompt alone is longer the loss is
    not a number.
    """
    if written.tokens > written.limit:
        yield f"the row has {written.tokens:,} tokens, {written.limit:,} are trained on"


def split_delimiter(target: Target) -> Iterator[str]:
    """A text that begins or ends a call is not a single token of this tokenizer.

    The server waits for that one token to know that a call begins; a model that has to spell it out in pieces is read as one that only talks.
    """
    for text, count in target.split:
        yield f"{shown(text)} is {count} tokens and should be one: choose another --dialect for this model, such as json-fence"


def not_read_back(written: Written) -> Iterator[str]:
    """The runtime's own parser doesn't find in the rendered turn the calls that the row holds.

    The model would learn to write what its server can't read: a call without effect. Mended by another dialect, or by taking the row out.
    """
    if written.unread:
        yield f"the runtime's parser does not read the turn back: {written.unread}"


def no_prefix(written: Written) -> Iterator[str]:
    """What the template writes of a conversation's beginning is not the beginning of what it writes of the whole.

    A mask is laid by the length of the prompt: here it begins at the wrong token, and the model learns parts of the prompt or misses parts of the
    answer. Qwen3's template takes thoughts out of earlier turns, which does that.
    """
    if written.no_prefix:
        yield f"no mask can be laid: {written.no_prefix}"


def arguments_form(target: Target) -> Iterator[str]:
    """The template wants a call's arguments as JSON text, or writes no calls at all; rows hold them as an object.

    `export` writes them as the template wants; a trainer that is given the rows as they are fails, or teaches quoted JSON.
    """
    if target.dialect != "native" or target.arguments in ("mapping", "either"):
        return
    if target.arguments == "string":
        yield "the template wants arguments as JSON text: export the rows with --tokenizer, which writes them so"
    else:
        yield "the template writes no calls: choose a --dialect that writes them as text, such as json-fence"


def control_token(written: Written) -> Iterator[str]:
    """A text of the row holds what this tokenizer takes for a control token, such as `<|im_end|>`.

    It ends the turn in the middle of a sentence, in training and wherever the model repeats it.
    """
    if written.control:
        yield f"a control token of the target stands in {written.control}"


def calls_not_learned(learned: Learned) -> Iterator[str]:
    """mlx-lm's `--mask-prompt` teaches the last message alone: of a conversation with calls that is the answer, and no call is ever learned.

    Give it one row for each of the assistant's turns, as `export --for mlx-lm` writes them, or train with a mask of all turns.
    """
    if learned.calls and learned.last_calls < learned.calls / 2:
        yield (
            f"--mask-prompt teaches {share(learned.last_calls, learned.calls)} of the calls' tokens and {share(learned.last_turns, learned.turns)} of the "
            f"assistant's; a mask of all turns {share(learned.all_calls, learned.calls)} and {share(learned.all_turns, learned.turns)}"
        )


def share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "none"


RULES = (
    Rule("PD800", "template-refuses", "error", "target", template_refuses),
    Rule("PD801", "too-long", "error", "target", too_long),
    Rule("PD802", "split-delimiter", "error", "target", split_delimiter),
    Rule("PD803", "not-read-back", "error", "target", not_read_back),
    Rule("PD804", "no-prefix", "error", "target", no_prefix),
    Rule("PD805", "arguments-form", "warning", "target", arguments_form),
    Rule("PD806", "control-token", "error", "target", control_token),
    Rule("PD807", "calls-not-learned", "warning", "target", calls_not_learned),
)
OF_A_ROW = ("PD800", "PD801", "PD803", "PD804", "PD806")
OF_A_TARGET = ("PD802", "PD805")
OF_A_FILE = ("PD807",)
