"""What a fuzzer once found, or began with, stays found. `tests/fuzz/fuzz_import.py` looks for more."""

from pathlib import Path

import pytest

from tests.fuzz.fuzz_import import one_input

CORPUS = sorted((Path(__file__).parent / "fuzz" / "corpus").iterdir())


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_an_input_of_the_corpus_ends_well(file: Path) -> None:
    """Else a defect that was mended comes back."""
    one_input(file.read_bytes())


def test_there_is_a_corpus() -> None:
    """Else the test above would hold of nothing."""
    assert len(CORPUS) > 30
