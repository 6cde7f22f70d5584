"""What the model learns of a conversation: the assistant's turns, all of them, and nothing else."""

from pathlib import Path

import pytest

from punie_data.dialects.base import Refused, Rendered
from punie_data.dialects.mask import Masked, mask
from punie_data.dialects.template import Template
from tests.test_dialects_template import ROWS, rendered
from tests.tiny_tokenizer import MAPPING, NO_PREFIX, PLAIN, tokenizer_folder

TALK = (
    {"role": "system", "content": "Be exact."},
    {"role": "user", "content": "one?"},
    {"role": "assistant", "content": "first answer"},
    {"role": "user", "content": "two?"},
    {"role": "assistant", "content": "second answer"},
)


def test_every_assistant_turn_is_learned_with_its_end(tmp_path: Path) -> None:
    """Else calls are never learned, or the model never learns to stop."""
    template = Template.load(tokenizer_folder(tmp_path, PLAIN))
    found = mask(template, Rendered(TALK, None))
    assert isinstance(found, Masked)
    texts = [template.decode(found.tokens[start:end]) for start, end in found.turns]
    assert texts == [f"first answer{template.eos_token}", f"second answer{template.eos_token}"]
    assert list(found.tokens) == template.encode(template.render(TALK))


@pytest.mark.parametrize("source", [PLAIN, MAPPING])
def test_what_comes_before_a_turn_is_what_the_runtime_sends(source: str, tmp_path: Path) -> None:
    """Else the model would be trained on another prompt than the one that it is asked with."""
    template = Template.load(tokenizer_folder(tmp_path, source))
    for row in ROWS:
        given = rendered("hermes" if source == PLAIN else "native", row)
        found = mask(template, given)
        assert isinstance(found, Masked)
        numbers = [n for n, message in enumerate(given.messages) if message["role"] == "assistant"]
        assert len(found.turns) == len(numbers)
        for (start, _), number in zip(found.turns, numbers, strict=True):
            prompt = template.render(given.messages[:number], given.tools, add_generation_prompt=True)
            assert list(found.tokens[:start]) == template.encode(prompt)


def test_a_template_that_rewrites_earlier_turns_is_refused(tmp_path: Path) -> None:
    """Else the mask would lie beside the answers, silently."""
    template = Template.load(tokenizer_folder(tmp_path, NO_PREFIX))
    found = mask(template, Rendered(TALK, None))
    assert found == Refused("the template of the first 3 messages is no prefix of the whole")


def test_what_the_template_refuses_is_refused(tmp_path: Path) -> None:
    """Else one odd row would end the run."""
    source = (
        "{% for m in messages %}{{ raise_exception('no ' ~ m['role']) if m['role'] == 'tool' }}{% endfor %}"
    )
    template = Template.load(tokenizer_folder(tmp_path, source))
    found = mask(template, Rendered((*TALK[:2], {"role": "tool", "content": "x"}), None))
    assert found == Refused("the chat template refuses it: no tool")
