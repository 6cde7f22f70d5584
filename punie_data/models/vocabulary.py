"""The tokenizer that a GGUF file carries, as the `tokenizer.json` and `tokenizer_config.json` that everyone else reads."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from punie_data.errors import UserError

CONTROL, USER_DEFINED = 3, 4
"""GGUF's token types of tokens that are looked for in the text before anything else is."""
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = {"qwen2": QWEN2, "llama-bpe": LLAMA3, "smaug-bpe": LLAMA3}
BYTE_LEVEL = ("smollm", "gpt-2", "default")


def write_tokenizer(metadata: Mapping[str, Any], folder: Path) -> None:
    """Write both files into `folder`. UserError for a tokenizer of another kind than byte-level BPE, and for an unknown way of splitting."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    kind = metadata.get("tokenizer.ggml.model")
    if kind != "gpt2":
        raise UserError(f"the file's tokenizer is of kind {kind!r}; only byte-level BPE ('gpt2') can be read")
    tokens = list(metadata["tokenizer.ggml.tokens"])
    merges = [tuple(merge.split(" ", 1)) for merge in metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    split = metadata.get("tokenizer.ggml.pre", "default")
    byte_level = pre_tokenizers.ByteLevel
    if split in SPLITS:
        first = pre_tokenizers.Split(Regex(SPLITS[split]), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([first, byte_level(False, use_regex=False)])
    elif split in BYTE_LEVEL:
        digits = [pre_tokenizers.Digits(True)] if split == "smollm" else []
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*digits, byte_level(False, use_regex=True)])
    else:
        known = ", ".join((*SPLITS, *BYTE_LEVEL))
        raise UserError(f"the file splits text by {split!r}, which is not known here; known are {known}")
    if split == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    types = metadata.get("tokenizer.ggml.token_type") or [1] * len(tokens)
    for token, of in zip(tokens, types, strict=True):
        if of in (CONTROL, USER_DEFINED):
            tokenizer.add_tokens([AddedToken(token, special=of == CONTROL, normalized=False)])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": _context(metadata),
    }
    for name, key in (
        ("bos_token", "bos"),
        ("eos_token", "eos"),
        ("unk_token", "unknown"),
        ("pad_token", "padding"),
    ):
        number = metadata.get(f"tokenizer.ggml.{key}_token_id")
        if number is not None:
            config[name] = tokens[int(number)]
    if template := metadata.get("tokenizer.chat_template"):
        config["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")


def _context(metadata: Mapping[str, Any]) -> int:
    return int(metadata.get(f"{metadata.get('general.architecture')}.context_length", 2048))
