"""A model's folder: its template is rendered and its text encoded as transformers and mlx-lm do."""

import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data import dialects
from punie_data.dialects.base import Refused, Rendered
from punie_data.dialects.template import Template, TemplateError
from punie_data.errors import UserError
from tests.tiny_tokenizer import MAPPING, NO_PREFIX, PLAIN, SPECIAL, STRING, tokenizer_folder

SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "examples.jsonl"
ROWS = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()][:40]
USER = [{"role": "user", "content": "q"}]


def rendered(name: str, row: dict[str, Any]) -> Rendered:
    tools = dialects.signatures(row["tools"])
    assert not isinstance(tools, Refused)
    found = dialects.load(name).render(row, tools, "Be exact.")
    assert isinstance(found, Rendered)
    return found


@pytest.mark.parametrize("template", [PLAIN, MAPPING, NO_PREFIX])
@pytest.mark.parametrize("special", [SPECIAL, (*SPECIAL, "<think>", "</think>")])
def test_text_and_tokens_are_those_of_mlx_lm(template: str, special: tuple[str, ...], tmp_path: Path) -> None:
    """Else lengths and masks would be worked out for other tokens than those that are trained on."""
    from mlx_lm.tokenizer_utils import load

    folder = tokenizer_folder(tmp_path, template, special)
    ours, theirs = Template.load(folder), load(folder)
    for row in ROWS:
        found = rendered("hermes" if template == PLAIN else "native", row)
        for messages, prompt in ((found.messages, False), (found.messages[:-1], True)):
            text = ours.render(messages, found.tools, prompt)
            given = {"tools": list(found.tools) if found.tools else None, "add_generation_prompt": prompt}
            assert text == theirs.apply_chat_template(list(messages), tokenize=False, **given)
            assert ours.encode(text) == theirs.apply_chat_template(list(messages), **given)
    assert ours.eos_token_id == theirs.eos_token_id
    assert ours.special_tokens == set(special)


@pytest.mark.parametrize(
    ("template", "wanted", "shows"),
    [(MAPPING, "mapping", True), (STRING, "string", True), (PLAIN, "", False)],
)
def test_how_arguments_are_wanted_is_found_out(
    template: str, wanted: str, shows: bool, tmp_path: Path
) -> None:
    """Some templates want a mapping, some a string: the wrong one is quoted twice, or raises."""
    found = Template.load(tokenizer_folder(tmp_path, template))
    assert (found.arguments, found.shows_tools) == (wanted, shows)
    assert found.parser == ("json_tools" if shows else "")


def test_a_template_in_a_file_and_two_templates(tmp_path: Path) -> None:
    """Fused models carry chat_template.jinja; some carry one template for tools and one without."""
    folder = tokenizer_folder(tmp_path / "file", "from the configuration")
    (folder / "chat_template.jinja").write_text("from the file")
    assert Template.load(folder).render(USER) == "from the file"
    folder = tokenizer_folder(tmp_path / "two", "")
    config = orjson.loads((folder / "tokenizer_config.json").read_bytes())
    config["chat_template"] = [
        {"name": "default", "template": "plain"},
        {"name": "tool_use", "template": "tools"},
    ]
    (folder / "tokenizer_config.json").write_bytes(orjson.dumps(config))
    both = Template.load(folder)
    assert (both.render(USER), both.render(USER, [{"type": "function"}])) == ("plain", "tools")


def test_the_filters_and_functions_of_transformers_are_there(tmp_path: Path) -> None:
    """Else templates of real models could not be rendered."""
    source = "{% generation %}{{ {'a': '<é'} | tojson }}{% endgeneration %}{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{{ m.content }}{% endfor %}"
    found = Template.load(tokenizer_folder(tmp_path, source))
    assert found.render(USER * 2) == '{"a": "<é"}q'
    refusing = Template.load(
        tokenizer_folder(tmp_path / "b", "{{ raise_exception('roles must alternate') }}")
    )
    with pytest.raises(TemplateError, match="roles must alternate"):
        refusing.render(USER)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("tokenizer.json", None, "holds no tokenizer.json"),
        ("tokenizer.json", "{", "tokenizer.json: "),
        ("tokenizer_config.json", "{}", "holds no chat template"),
        ("tokenizer_config.json", "[", "tokenizer_config.json: "),
        ("chat_template.jinja", "{% if %}", "the chat template can't be read"),
    ],
)
def test_a_folder_that_is_no_models_is_told(name: str, text: str | None, said: str, tmp_path: Path) -> None:
    """One line and not a traceback."""
    folder = tokenizer_folder(tmp_path)
    (folder / name).unlink() if text is None else (folder / name).write_text(text)
    with pytest.raises(UserError, match=said):
        Template.load(folder)
    with pytest.raises(UserError, match="is no folder"):
        Template.load(folder / "nowhere")


@pytest.mark.parametrize("missing", ["tokenizers", "jinja2"])
def test_what_is_not_installed_is_named(missing: str, tmp_path: Path, monkeypatch) -> None:
    """The base install has neither."""
    folder = tokenizer_folder(tmp_path)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=r"pip install 'punie-data\[tokenizer\]'"):
        Template.load(folder)
