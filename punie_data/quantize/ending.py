"""The tokens at which a model stops: named alike in its configuration, its generation configuration and by its chat template, or a server never stops."""

import json
from pathlib import Path
from typing import Any

from punie_data.dialects.template import Template, TemplateError
from punie_data.errors import UserError

PROBE = "probe"


def mend_end(config: dict[str, Any], folder: Path) -> list[str]:
    """Put the tokens that end a turn where they lack, in `config` and in the folder's `generation_config.json`; says what was mended.

    A token is never taken away: what stops a model too early is seen, what never stops it isn't. UserError where a file is no JSON.
    """
    file = folder / "generation_config.json"
    try:
        generation = json.loads(file.read_text()) if file.is_file() else {}
    except ValueError as error:
        raise UserError(f"{file.name}: {error}") from None
    given = {"config.json": config, file.name: generation}
    wanted: list[int] = []
    for told in given.values():
        wanted += [token for token in _tokens(told.get("eos_token_id")) if token not in wanted]
    by_template = _end_by_template(folder)
    by_tokenizer = None if wanted else _end_by_tokenizer(folder)
    for token in (by_template, by_tokenizer):
        if token is not None and token not in wanted:
            wanted.append(token)
    if not wanted:
        return ["no end-of-text token is known: a server may never stop"]
    said = []
    for name, told in given.items():
        lacking = [token for token in wanted if token not in _tokens(told.get("eos_token_id"))]
        if lacking:
            told["eos_token_id"] = wanted[0] if len(wanted) == 1 else wanted
            said.append(
                f"{name}: end-of-text token {', '.join(map(str, lacking))} was missing and is there now"
            )
    file.write_text(json.dumps(generation, indent=2) + "\n")
    return said


def _tokens(given: Any) -> list[int]:
    found = given if isinstance(given, list) else [given]
    return [token for token in found if isinstance(token, int) and not isinstance(token, bool)]


def _end_by_template(folder: Path) -> int | None:
    """The special token with which the chat template ends an assistant's turn."""
    try:
        template = Template.load(folder)
        asked = [{"role": "user", "content": PROBE}]
        prompt = template.render(asked, add_generation_prompt=True)
        whole = template.render([*asked, {"role": "assistant", "content": PROBE}])
    except (UserError, TemplateError):
        return None
    behind = whole.removeprefix(prompt).partition(PROBE)[2].strip()
    if not whole.startswith(prompt) or not behind:
        return None
    first = template.encode(behind)[0]
    return first if template.decode([first]) in template.special_tokens else None


def _end_by_tokenizer(folder: Path) -> int | None:
    """The token that the tokenizer calls the end."""
    try:
        token = json.loads((folder / "tokenizer_config.json").read_text()).get("eos_token")
        token = token.get("content") if isinstance(token, dict) else token
        told = json.loads((folder / "tokenizer.json").read_text())
    except (OSError, ValueError):
        return None
    added = {entry["content"]: entry["id"] for entry in told.get("added_tokens", [])}
    return added.get(token, told.get("model", {}).get("vocab", {}).get(token))
