"""Check whatever lies at some paths: records and files of other formats, in the order in which they were given."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from punie_data.validate.files import Checked, check_files
from punie_data.validate.forms import form_of


def check_paths(files: Sequence[Path], codes: Collection[str], jobs: int | None = None) -> Iterator[Checked]:
    """What is found, a part at a time; `codes` are the rules that are on, all where there are none. UserError as `check_files`.

    Files of records that follow each other are checked together, since they may be the parts of one set.
    """
    forms = {file: form_of(file) for file in files}
    for plain, group in groupby(files, key=lambda file: forms[file].is_plain):
        if plain:
            yield from check_files(list(group), codes, (), jobs)
            continue
        from punie_data.validate.foreign import check_foreign

        for file in group:
            yield from check_foreign(file, forms[file].name, codes)
