"""The licence is what the file says."""

import pytest

from punie_data.corpus.licence import identify, read_license
from tests.package_index import MIT

BSD_START = """Redistribution and use in source and binary forms, with or without modification, are permitted:
  1. Redistributions of source code must retain the above copyright notice, this list of conditions.
  2. Redistributions in binary form must reproduce the above copyright notice.
"""
BSD_3 = (
    BSD_START
    + "  3. Neither the name of the copyright holder nor the names of its\n     contributors may be used to endorse"
)
BSD_4 = BSD_3 + "\n4. All advertising materials mentioning features or use of this software must display"
APACHE = (
    "                                 Apache License\n                           Version 2.0, January 2004\n"
)
PSF = "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2\n--------------------------------------------\n"
ISC = """Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above copyright notice
and this permission notice appear in all copies."""
ZERO = ISC.partition(", provided")[0] + "."
MPL = "Mozilla Public License Version 2.0\n==================================\n\n1. Definitions"
GPL = "                    GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007\n"
LGPL = "                   GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 2.1, February 1999\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MIT, {"MIT"}),
        (MIT.partition("\nThe above")[0], {"MIT-0"}),
        (BSD_START, {"BSD-2-Clause"}),
        (BSD_3, {"BSD-3-Clause"}),
        (BSD_4, {"BSD-4-Clause"}),
        (APACHE, {"Apache-2.0"}),
        (PSF, {"PSF-2.0"}),
        (ISC, {"ISC"}),
        (ZERO, {"0BSD"}),
        (MPL, {"MPL-2.0"}),
        (GPL, {"GPL-3.0-only"}),
        (LGPL, {"LGPL-2.1-only"}),
        (MIT + PSF, {"MIT", "PSF-2.0"}),
        ("This is free and unencumbered software released into the public domain.", {"Unlicense"}),
        ("All rights reserved. The GNU General Public License is not ours, nor is the MIT License.", set()),
        ("Licensed under terms that forbid everything.", set()),
        ("", set()),
    ],
)
def test_each_licence_is_told_by_its_own_words(text, expected):
    """Lost: a row's licence would be a guess. A licence that is only mentioned is not granted."""
    assert identify(text) == expected


def test_line_breaks_comment_signs_and_quotes_do_not_matter():
    """Lost: the same words, set in another width or as a comment, would be unknown."""
    assert identify("\n".join(f"# {line}" for line in MIT.splitlines())) == {"MIT"}
    assert identify(MIT.replace(" ", "\n")) == {"MIT"}


@pytest.mark.parametrize(
    "name", ["LICENSE", "LICENCE.md", "license.txt", "COPYING", "LICENSE.rst", "LICENSE-MIT"]
)
def test_the_usual_file_names_are_found(tmp_path, name):
    """Lost: half of all repositories would have no licence."""
    (tmp_path / name).write_text(MIT)
    assert read_license(tmp_path) == "MIT"


def test_a_repository_without_a_licence_is_unknown(tmp_path):
    """Lost: what nobody licensed would pass as free."""
    (tmp_path / "README.md").write_text("MIT")
    (tmp_path / "licensing.py").write_text(MIT)
    assert read_license(tmp_path) == "unknown"


def test_the_file_beats_the_metadata(tmp_path):
    """Lost: a pyproject.toml that was copied from elsewhere would decide."""
    (tmp_path / "LICENSE").write_text(GPL)
    (tmp_path / "pyproject.toml").write_text('[project]\nlicense = "MIT"\n')
    assert read_license(tmp_path) == "GPL-3.0-only"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml", '[project]\nlicense = "BSD-3-Clause"\n', "BSD-3-Clause"),
        ("pyproject.toml", '[project]\nlicense = "MIT OR Apache-2.0"\n', "MIT OR Apache-2.0"),
        ("pyproject.toml", '[project]\nlicense = {text = "MIT"}\n', "MIT"),
        ("pyproject.toml", '[project]\nlicense = {file = "LICENSE"}\n', "unknown"),
        (
            "pyproject.toml",
            '[project]\nclassifiers = ["License :: OSI Approved :: ISC License (ISCL)"]\n',
            "ISC",
        ),
        ("pyproject.toml", "[project\n", "unknown"),
        ("PKG-INFO", "Name: shop\nLicense-Expression: MIT\n\nLicense-Expression: GPL-3.0-only\n", "MIT"),
        ("PKG-INFO", "License: Do what you like\n", "unknown"),
    ],
)
def test_without_a_recognised_file_the_metadata_is_asked(tmp_path, name, text, expected):
    """Lost: a repository whose file has unusual words would be unusable though it says in one place what it is."""
    (tmp_path / "LICENSE").write_text("See the web site.")
    (tmp_path / name).write_text(text)
    assert read_license(tmp_path) == expected


def test_two_licences_are_a_choice_only_where_somebody_says_so(tmp_path):
    """Lost: AND taken for OR would drop an obligation."""
    (tmp_path / "LICENSE.MIT").write_text(MIT)
    (tmp_path / "LICENSE.APACHE").write_text(APACHE)
    assert read_license(tmp_path) == "Apache-2.0 AND MIT"
    (tmp_path / "LICENSE").write_text(
        "This software is made available under the terms of *either* of the licenses found in"
    )
    assert read_license(tmp_path) == "Apache-2.0 OR MIT"
    (tmp_path / "LICENSE").unlink()
    (tmp_path / "pyproject.toml").write_text('[project]\nlicense = "MIT OR Apache-2.0"\n')
    assert read_license(tmp_path) == "MIT OR Apache-2.0"


def test_an_expression_that_does_not_cover_the_files_is_not_believed(tmp_path):
    """Near miss: the metadata offers MIT alone, the file holds PSF text, too."""
    (tmp_path / "LICENSE").write_text(MIT + PSF)
    (tmp_path / "pyproject.toml").write_text('[project]\nlicense = "MIT"\n')
    assert read_license(tmp_path) == "MIT AND PSF-2.0"


def test_licences_of_bundled_things_are_not_the_repositorys(tmp_path):
    """Lost: a bundled font under another licence would change every row's licence."""
    (tmp_path / "LICENSE").write_text(MIT)
    (tmp_path / "LICENSE-3RD-PARTY.txt").write_text(GPL)
    (tmp_path / "LICENSES").mkdir()
    (tmp_path / "LICENSES" / "OFL.txt").write_text(GPL)
    assert read_license(tmp_path) == "MIT"


def test_a_licenses_folder_counts_where_there_is_no_file(tmp_path):
    """Lost: repositories that follow the REUSE specification would have no licence."""
    (tmp_path / "LICENSES").mkdir()
    (tmp_path / "LICENSES" / "Apache-2.0.txt").write_text(APACHE)
    assert read_license(tmp_path) == "Apache-2.0"


def test_a_link_is_not_followed(tmp_path):
    """Lost: a link would have us read a file outside of the repository."""
    (tmp_path / "elsewhere").write_text(MIT)
    root = tmp_path / "repository"
    root.mkdir()
    (root / "LICENSE").symlink_to(tmp_path / "elsewhere")
    assert read_license(root) == "unknown"


def test_a_file_that_is_not_text_is_no_licence_and_no_traceback(tmp_path):
    """Lost: one odd byte would stop the run."""
    (tmp_path / "LICENSE").write_bytes(b"\xff\xfe\0\0")
    (tmp_path / "pyproject.toml").write_bytes(b"\xff")
    assert read_license(tmp_path) == "unknown"
