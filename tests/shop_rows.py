"""Rows about `tests/repos/tiny_shop` with two tools of short signatures, so that a model made in a test learns in seconds when to call one.

What the tools said is made up here, in the form that they say it: these rows teach a test's model and nobody else's.
"""

import hashlib
import json
import re
from itertools import product
from pathlib import Path

from punie_data.chat import Example, Label, Message, Origin, Run, ToolCall
from tests.tiny_tokenizer import PLAIN, SPECIAL, tokenizer_folder

PURPOSES = {
    "cart": "It holds what is to be bought.", "stock": "It knows what can be sold.", "money": "It adds amounts.", "orders": "It turns a cart into an order.",
}  # fmt: skip
ASKED = (
    "Check the types of `{0}`", "Type check `{0}`", "Run the type checker on `{0}`", "Are there type errors in `{0}`", "Look for type errors in `{0}`",
    "How are the types in `{0}`", "Please check the types in `{0}`", "Does the type checker accept `{0}`", "What does the type checker say of `{0}`",
    "Find type errors in `{0}`", "Any type errors in `{0}`", "Is the typing right in `{0}`", "Count the type errors in `{0}`", "See if the types are right in `{0}`",
    "Would the type checker accept `{0}`", "I want the types checked in `{0}`",
)  # fmt: skip
EXPLAINED = (
    "Explain `{0}`", "Why is there `{0}`", "In a word, what is `{0}`", "Tell me what is `{0}`", "How would you describe `{0}`", "What is the idea of `{0}`",
    "Why do we have `{0}`", "What is the purpose of `{0}`", "Describe `{0}`", "Who needs `{0}`", "What do you know of `{0}`", "What is `{0}`",
    "Tell me the purpose of `{0}`", "Say in a word what is `{0}`", "When would you use `{0}`", "What is meant by `{0}`",
)  # fmt: skip
"""The file's name ends every question: that is where a small model soon learns to look for it."""
TOOLS = ("typecheck", "ruff_check")
WRONG = ("stock", "orders")
"""Modules with a type error: of these the linter is asked too."""


def tool_row(module: str, asked: str) -> Example:
    path = f"{module}.py"
    wrong = module in WRONG
    error = {"file": path, "line": 3, "column": 5, "severity": "error", "code": "invalid-return-type", "message": "No"}  # fmt: skip
    typed = {"success": not wrong, "error_count": int(wrong), "warning_count": 0, "errors": [error] * wrong, "parse_error": None}  # fmt: skip
    linted = {"success": True, "violation_count": 0, "fixable_count": 0, "violations": [], "parse_error": None}  # fmt: skip
    steps = [("typecheck", "ty 0.0.105", int(wrong), typed), ("ruff_check", "ruff 0.17.6", 0, linted)][: 1 + wrong]  # fmt: skip
    messages = [Message("user", asked.format(path))]
    runs = []
    for number, (tool, version, code, result) in enumerate(steps):
        name = f"call_{number}"
        content = json.dumps(result, separators=(",", ":"))
        messages.append(Message("assistant", "", (ToolCall(name, tool, {"path": path}),)))
        messages.append(Message("tool", content, tool_call_id=name, name=tool))
        runs.append(Run(name, version, code, hashlib.sha256(content.encode()).hexdigest()))
    messages.append(Message("assistant", f"`{path}` has a type error in line 3." if wrong else f"`{path}` has none."))  # fmt: skip
    return _row("type_errors", Label("tool", "quality"), tuple(messages), tuple(runs))


def direct_row(module: str, asked: str) -> Example:
    messages = (Message("user", asked.format(module)), Message("assistant", PURPOSES[module]))
    return _row("concept", Label("direct", "concept"), messages, ())


def _row(generator: str, label: Label, messages: tuple[Message, ...], runs: tuple[Run, ...]) -> Example:
    # Of no path: rows about one file would all stand on one side of a split, and a model asked for files that it never saw.
    origin = Origin(generator, "tiny_shop", "1", "MIT", (), (), messages[0].content, 0)
    return Example(messages, TOOLS, label, origin, runs)


def all_rows() -> list[Example]:
    """64 of each kind, of the tool rows half with two calls; the order is that of a shuffled pack, the same every time."""
    rows = [tool_row(module, asked) for module, asked in product(PURPOSES, ASKED)]
    rows += [direct_row(module, asked) for module, asked in product(PURPOSES, EXPLAINED)]
    return sorted(rows, key=lambda row: row.id)


def write_rows(path: Path) -> Path:
    """The rows as a file of records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row.to_json()) + "\n" for row in all_rows()))
    return path


def word_model(folder: Path, hidden: int = 64, layers: int = 2, seed: int = 5) -> Path:
    """A llama with random weights that knows the rows' words: its prompts are a tenth as long as those of a model whose tokens are bytes."""
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.models import llama
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    from punie_data import dialects
    from punie_data.dialects.base import Rendered

    tokenizer_folder(folder, PLAIN)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1500, special_tokens=list(SPECIAL), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )  # fmt: skip
    texts: list[str] = []
    constant: set[str] = set()
    for row, name in product(all_rows(), ("json-fence", "hermes")):
        rendered = dialects.load(name).render(row.to_json(), dialects.signatures(row.tools), "")
        assert isinstance(rendered, Rendered)
        texts += [message["content"] for message in rendered.messages[1:] if message["role"] == "user"]
        system, *turns = rendered.messages
        constant.update(system["content"].splitlines())
        # What stands around the file's name in calls, results and answers.
        constant.update(part for turn in turns[1:] for part in re.split(r"\w+\.py", turn["content"]))
    tokenizer.train_from_iterator(texts, trainer)
    # What is the same in many rows is a token: a model has only what differs to learn, and does so in seconds.
    tokenizer.add_tokens([AddedToken(line, normalized=False) for line in sorted(constant) if len(line) > 2])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "model_type": "llama", "hidden_size": hidden, "num_hidden_layers": layers, "intermediate_size": 2 * hidden, "num_attention_heads": 4,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "vocab_size": tokenizer.get_vocab_size(), "rope_theta": 10000.0, "tie_word_embeddings": True,
    }  # fmt: skip
    mx.random.seed(seed)
    model = llama.Model(llama.ModelArgs(**config))
    mx.save_safetensors(
        str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())), metadata={"format": "mlx"}
    )
    (folder / "config.json").write_text(json.dumps(config))
    return folder
