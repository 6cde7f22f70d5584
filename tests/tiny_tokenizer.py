"""Model folders without a model, small enough to be made in a test: a byte-level tokenizer and a chat template, as a hub's folder holds them."""

import json
from pathlib import Path

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>")
MANY = ("</think>", "<think>", "<tool_response>", "</tool_response>")

PLAIN = """{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
"""ChatML that knows no tools, as small instruct models ship it."""

TOOLS = """{%- if messages[0].role == 'system' or tools %}{{- '<|im_start|>system\\n' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content }}{%- endif %}
{%- if tools %}{{- '\\n# Tools' }}{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}{%- endif %}
{{- '<|im_end|>\\n' }}{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' %}{{- '<|im_start|>user\\n' + message.content + '<|im_end|>\\n' }}
{%- elif message.role == 'assistant' %}{{- '<|im_start|>assistant\\n' + message.content }}
{%- for tool_call in message.tool_calls or [] %}{%- set tool_call = tool_call.function %}
{%- if message.content or not loop.first %}{{- '\\n' }}{%- endif %}
{{- '<tool_call>\\n{"name": "' + tool_call.name + '", "arguments": ' + ARGUMENTS + '}\\n</tool_call>' }}
{%- endfor %}{{- '<|im_end|>\\n' }}
{%- elif message.role == 'tool' %}{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\nPROMPTED' }}{%- endif %}"""
MAPPING = TOOLS.replace("ARGUMENTS", "(tool_call.arguments | tojson)").replace("PROMPTED", "")
"""Wants arguments as a mapping, as Qwen2.5's template does: a string comes out quoted."""
STRING = TOOLS.replace("ARGUMENTS", "tool_call.arguments").replace("PROMPTED", "")
"""Wants arguments as a JSON string: a mapping raises."""
NO_PREFIX = TOOLS.replace("ARGUMENTS", "(tool_call.arguments | tojson)").replace("PROMPTED", "<think>\\n")
"""Its generation prompt opens a thought that finished turns don't have: the prompt is no prefix of the whole."""


def tokenizer_folder(folder: Path, template: str = MAPPING, special: tuple[str, ...] = SPECIAL) -> Path:
    """Write a folder as `mlx_lm` and `Template.load` take it: each byte is a token, and each text of `special`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(
        models.BPE(vocab={letter: number for number, letter in enumerate(alphabet)}, merges=[])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(special))
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
              "clean_up_tokenization_spaces": False, "chat_template": template}  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder
