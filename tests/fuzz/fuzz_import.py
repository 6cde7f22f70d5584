"""Fuzz the reader and the parsers with atheris: whatever a file holds, each of its lines ends in a record or a problem.

    python tests/fuzz/fuzz_import.py tests/fuzz/corpus -max_total_time=60

The first byte chooses what is read: a file of lines, a file of one array, or an assistant's text as every dialect reads it. New inputs that reach new code
are added to the corpus folder; what is worth keeping is committed, and `tests/test_import_fuzz.py` runs all of it without atheris.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from punie_data import dialects
from punie_data.chat import example_from_json
from punie_data.dialects.base import Malformed
from punie_data.importing import records
from punie_data.importing.conversation import Unconvertible
from punie_data.importing.prompts import prompt_and_tools
from punie_data.importing.shape import KEYS, is_record
from punie_data.importing.spoken import results_of, spoken

FOLDER = Path(tempfile.mkdtemp(prefix="punie-data-fuzz-"))
TOOLS = dialects.signatures(["hover", "read_file", "execute_code"])


def read_file(name: str, data: bytes) -> None:
    """Every line is a record that satisfies the schema, the very line, or a problem; reading it twice says the same."""
    file = FOLDER / name
    file.write_bytes(data)
    first = list(records(file))
    for line in first:
        assert bool(line.problem) != (line.row is not None)
        if line.row is None or line.raw.strip() in data:
            continue
        assert is_record(line.row) and line.row.keys() == KEYS
        assert orjson.loads(line.raw) == line.row
        assert example_from_json(line.row).id == line.row["id"]
    assert [(line.number, line.raw) for line in records(file)] == [(line.number, line.raw) for line in first]


def read_text(text: str) -> None:
    """No text is too odd for a parser: a call, no call, or a reason."""
    for name in dialects.DIALECTS:
        parsed = dialects.load(name).parse(text, TOOLS)
        assert isinstance(parsed, Malformed) or parsed.content is not None
    for before_result in (False, True):
        try:
            said = spoken(text, lambda name: {} if name == "hover" else None, before_result)
        except Unconvertible:
            continue
        assert all(call.name for call in said.calls)
    results_of(text, ["hover"])
    with suppress(Unconvertible):
        prompt_and_tools(text)


def one_input(data: bytes) -> None:
    """What atheris and the test run."""
    kind, rest = data[:1], data[1:]
    if kind == b"a":
        read_file("odd.json", rest)
    elif kind == b"t":
        read_text(rest.decode("utf-8", "ignore"))
    else:
        read_file("odd.jsonl", rest)


def main() -> None:
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
