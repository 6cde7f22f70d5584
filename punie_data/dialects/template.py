"""A model's folder as far as data needs it: `tokenizer.json` and the chat template. Neither transformers nor mlx is needed.

The template is rendered as transformers renders it, and with the variables that mlx-lm sets.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from punie_data.errors import UserError

INSTALL = "install it with: pip install 'punie-data[tokenizer]'"
THINKING = (("<think>", "</think>"), ("<longcat_think>", "</longcat_think>"))
"""The pairs of tokens by which mlx-lm knows a model that thinks, and then sets `enable_thinking`."""
_PROBE = {"type": "function", "function": {"name": "probe", "description": "", "parameters": {}}}

TURNS = 256
"""Turns whose tokens are remembered: more than a conversation has, and a few megabytes."""


class TemplateError(Exception):
    """The template can't render these messages. The message says what it said."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """`source` is the template's text, `variables` what is passed to the template besides messages and tools. `special_tokens` are the texts that
    mean something else to the model than their letters: the special tokens, and of the other added ones (a newline, an HTML tag) those that
    the template writes.
    """

    folder: Path
    source: str
    special_tokens: frozenset[str]
    eos_token: str
    variables: Mapping[str, Any]
    _compiled: Any
    _compiled_for_tools: Any
    _tokenizer: Any
    _apart: bool
    _encode_turn: Callable[[str], list[int]]

    @classmethod
    def load(cls, folder: Path) -> "Template":
        """Read a folder with `tokenizer.json`, `tokenizer_config.json` and, where the template is a file, `chat_template.jinja`. UserError where one is
        missing or can't be read, and where the libraries are not installed.
        """
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise UserError(f"a tokenizer needs the package tokenizers: {INSTALL}") from None
        if not folder.is_dir():
            raise UserError(f"{folder} is no folder: name one that holds tokenizer.json")
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise UserError(
                f"{folder} holds no tokenizer.json: name the folder of a model or of its tokenizer"
            )
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise UserError(f"{path}: {error}") from None
        tokenizer.no_padding()
        tokenizer.no_truncation()
        config = _json(folder / "tokenizer_config.json")
        plain, for_tools = _sources(folder, config)
        added = tokenizer.get_added_tokens_decoder().values()
        names = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
        variables: dict[str, Any] = {
            name: text for name in names if (text := _token_text(config.get(name))) is not None
        }
        variables["enable_thinking"] = any(
            tokenizer.token_to_id(token) is not None and tokenizer.token_to_id(end) is not None
            for token, end in THINKING
        )
        return cls(
            folder=folder,
            source=for_tools or plain,
            special_tokens=frozenset(
                token.content
                for token in added
                if token.content.strip() and (token.special or token.content in plain + for_tools)
            ),
            eos_token=variables.get("eos_token", ""),
            variables=variables,
            _compiled=_compile(folder, plain),
            _compiled_for_tools=_compile(folder, for_tools) if for_tools else None,
            _tokenizer=tokenizer,
            _apart=_comes_apart(tokenizer, variables.get("eos_token", "")),
            _encode_turn=lru_cache(TURNS)(lambda turn: tokenizer.encode(turn, add_special_tokens=False).ids),
        )

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] | None = None,
        add_generation_prompt: bool = False,
    ) -> str:
        """The conversation as the model sees it. TemplateError where the template refuses it."""
        from jinja2.exceptions import TemplateError as JinjaError

        compiled = self._compiled_for_tools if tools and self._compiled_for_tools else self._compiled
        try:
            return compiled.render(
                messages=[{key: value for key, value in m.items() if value is not None} for m in messages],
                tools=list(tools) if tools is not None else None,
                documents=None,
                add_generation_prompt=add_generation_prompt,
                **self.variables,
            )
        except (JinjaError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            raise TemplateError(" ".join(str(error).split()) or type(error).__name__) from None

    def encode(self, text: str) -> list[int]:
        """The token ids of a rendered text; nothing is added to it.

        Where the tokenizer takes a text apart at the token that ends a turn before it does anything else, each turn is encoded for itself and
        remembered: the same beginnings come again and again.
        """
        end = self.eos_token_id
        if not self._apart or end is None:
            return self._encode_turn(text)[:]
        first, *others = text.split(self.eos_token)
        found = self._encode_turn(first)[:]
        for turn in others:
            found.append(end)
            found += self._encode_turn(turn)
        return found

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The token ids with the half-open range of characters that each stands for."""
        found = self._tokenizer.encode(text, add_special_tokens=False)
        return found.ids, found.offsets

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The same for many texts."""
        return [self.encode(text) for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        return self._tokenizer.decode(list(tokens), skip_special_tokens=False)

    def is_single_token(self, text: str) -> bool:
        return len(self.encode(text)) == 1

    @property
    def eos_token_id(self) -> int | None:
        return self._tokenizer.token_to_id(self.eos_token) if self.eos_token else None

    @property
    def shows_tools(self) -> bool:
        """Whether the template writes the tools and the calls that it is given."""
        for arguments in ({"key": "value"}, '{"key": "value"}'):
            called = _with(arguments)
            try:
                if "probe" in self.render(called[:1], [_PROBE]) and "probe" in self.render(called):
                    return True
            except TemplateError:
                continue
        return False

    @property
    def arguments(self) -> str:
        """How the template wants a call's arguments: "mapping" or "string", "either" where both come out alike, "" where it writes no calls.

        Found by rendering: JSON that comes out as a quoted string is not what the model calls a tool with.
        """
        written = {}
        for form, arguments in (("mapping", {"key": 'a"b'}), ("string", '{"key": "a\\"b"}')):
            try:
                text = self.render(_with(arguments))
            except TemplateError:
                continue
            if '\\"key' not in text and "{'key" not in text and "key" in text:
                written[form] = text
        if len(written) == 2:
            return "either" if len(set(written.values())) == 1 else "mapping"
        return next(iter(written), "")

    @property
    def parser(self) -> str:
        """The module of `mlx_lm.tool_parsers` that mlx-lm would choose for this template, of those that our dialects are held against; else ""."""
        if "<tool_call>\\n<function=" in self.source or "<tool_call>\n<function=" in self.source:
            return "qwen3_coder"
        if (
            "<tool_call>" in self.source
            and "tool_call.name" in self.source
            and "<arg_key>" not in self.source
        ):
            return "json_tools"
        return ""


def _comes_apart(tokenizer: Any, end: str) -> bool:
    """Whether what stands before and behind a token can be encoded for itself: it takes no white space with it, is part of no other token, and
    nothing is done to the text as a whole.
    """
    added = tokenizer.get_added_tokens_decoder().values()
    token = next((token for token in added if token.content == end), None)
    if token is None or token.lstrip or token.rstrip or token.single_word:
        return False
    if any(end in other.content and other.content != end for other in added):
        return False
    steps = f"{tokenizer.normalizer} {tokenizer.pre_tokenizer}"
    return not (token.normalized and tokenizer.normalizer) and not re.search(
        "Metaspace|Prepend|add_prefix_space=True", steps
    )


def _with(arguments: Any) -> list[dict[str, Any]]:
    call = {"id": "call_0", "type": "function", "function": {"name": "probe", "arguments": arguments}}
    return [{"role": "user", "content": "q"}, {"role": "assistant", "content": "", "tool_calls": [call]}]


def _sources(folder: Path, config: Mapping[str, Any]) -> tuple[str, str]:
    """The template, and the one for conversations with tools where there are two of them ("" where not)."""
    file = folder / "chat_template.jinja"
    for_tools = folder / "additional_chat_templates" / "tool_use.jinja"
    if file.is_file():
        return _text(file), _text(for_tools) if for_tools.is_file() else ""
    given = config.get("chat_template") or _json(folder / "chat_template.json").get("chat_template")
    if isinstance(given, list):
        named = {entry.get("name"): entry.get("template") for entry in given if isinstance(entry, dict)}
        given, other = named.get("default"), named.get("tool_use") or ""
        if isinstance(given, str):
            return given, other
    if not isinstance(given, str):
        raise UserError(f"{folder} holds no chat template (chat_template.jinja, or in tokenizer_config.json)")
    return given, ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from None


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(_text(path))
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{path}: no JSON object")
    return found


def _token_text(token: Any) -> str | None:
    """A token of tokenizer_config.json, which is a text or an object with one."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else None


def _compile(folder: Path, source: str) -> Any:
    """The template in the sandbox in which transformers runs it, with the filters and functions that it adds."""
    try:
        import jinja2.ext
        import jinja2.sandbox
    except ImportError:
        raise UserError(f"a chat template needs the package jinja2: {INSTALL}") from None

    class Generation(jinja2.ext.Extension):
        """`{% generation %}` marks what the assistant says; here it changes nothing."""

        tags = {"generation"}  # noqa: RUF012  # jinja2 declares it so

        def parse(self, parser: Any) -> Any:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    try:
        return environment.from_string(source)
    except jinja2.exceptions.TemplateSyntaxError as error:
        raise UserError(f"{folder}: the chat template can't be read: {error}") from None


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: Any = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise_exception(message: str) -> None:
    raise ValueError(message)
