"""cst_rename and cst_add_import: what changes, and what is spared."""

from pathlib import Path

import libcst as cst
import pytest
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor

from punie_data.tools import cst_add_import, cst_rename
from punie_data.tools.cst_add_import import with_import
from punie_data.tools.workspace import Workspace
from tests.conftest import TINY_SHOP

SHOP = """\
from money import Money
_cache = {}


class Order:
    def copy(self) -> "Order":
        return Order()

    def _cache(self):
        return self._cache


def put(order: "list[Order]", other: "shop.Order"):
    global _cache
    _cache = {order: (_cache), "Order": 1}


def local(Order):
    return Order(_cache=1)
"""


def renamed(folder: Path, source: str, old: str, new: str) -> cst_rename.CstRenameResult:
    (folder / "a.py").write_text(source, newline="")
    with Workspace(folder, frozenset(["a.py"]), None) as workspace:
        return cst_rename.run(workspace, "a.py", old, new)


def test_a_class_is_renamed_where_it_is_meant_and_nowhere_else(tmp_path: Path) -> None:
    """Else a parameter, a plain string or another module's class of the same name would be renamed with it."""
    result = renamed(tmp_path, SHOP, "Order", "Purchase")
    expected = SHOP.replace("class Order", "class Purchase").replace('-> "Order"', '-> "Purchase"')
    expected = expected.replace("return Order()", "return Purchase()").replace(
        '"list[Order]"', '"list[Purchase]"'
    )
    assert (result.modified_source, result.rename_count) == (expected, 4)


def test_a_global_statement_is_renamed_with_its_variable(tmp_path: Path) -> None:
    """Else the function would go on with a variable of its own."""
    result = renamed(tmp_path, SHOP, "_cache", "_store")
    expected = SHOP.replace("_cache = {}", "_store = {}").replace("global _cache", "global _store")
    expected = expected.replace("_cache = {order: (_cache)", "_store = {order: (_store)")
    assert (result.modified_source, result.rename_count) == (expected, 4)


@pytest.mark.parametrize(
    ("old", "new", "trouble"),
    [
        ("copy", "duplicate", "no module-level name 'copy'"),
        ("print", "show", "no module-level name 'print'"),
        ("Money", "Amount", "'Money' is imported here; rename it where it is defined"),
        ("put", "local", "'local' is already a name in this file"),
        ("put", "order", "'order' is already a name in this file"),
        ("put", "class", "'class' is not an identifier"),
    ],
)
def test_a_renaming_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str, trouble: str) -> None:
    """Else the new source would mean something else than the old."""
    result = renamed(tmp_path, SHOP, old, new)
    assert (result.success, result.modified_source, result.parse_error) == (False, "", trouble)


def test_the_rest_of_the_file_keeps_every_byte(tmp_path: Path) -> None:
    """Else a renaming would come with a reformatting."""
    source = "# é\r\nx  =  1 ;  y = x  # x\r\n\f\r\nz = 'x' \\\r\n  + x"
    expected = "# é\r\nw  =  1 ;  y = w  # x\r\n\f\r\nz = 'x' \\\r\n  + w"
    assert renamed(tmp_path, source, "x", "w").modified_source == expected


HEADS = (
    "",
    '"""Doc."""\n',
    "import os\n",
    '"""Doc."""\n\n# why\nfrom pathlib import PurePath\nimport os; import sys\nx = 1\nimport json\n',
    "x = 1\nimport os\n",
    "from pathlib import Path\nclass A:\n    import os\n",
    "# comment\n\n# more\ndef f():\n    return 1\n",
    "from pathlib import (\n    PurePath,\n)\nif x:\n    import json\n",
    "from __future__ import annotations\ntry:\n    import os\nexcept ImportError:\n    pass\n",
    "from pathlib import *\n\n@a\ndef f(): ...\n",
    "from pathlib import *\nfrom pathlib import Path as P\nx = 1\n",
    "from pathlib import (  # many\n    PurePath as Q,\n    PosixPath,\n)\nfrom a.b import c\nimport numpy as np\n",
    "__strict__ = True\nimport os\n\n\n# why\nclass A: ...\n",
    "import os; import sys\nimport json\n",
    "'a' 'b'\nimport os\n",
    "import abc\nfrom .pathlib import Path\n",
)


STATEMENTS = (
    "from pathlib import Path",
    "from pathlib import Path, PurePath",
    "from pathlib import Path as P, PurePath, PosixPath as X",
    "import os",
    "import os.path, sys, abc",
    "import numpy as np, zlib",
    "from __future__ import annotations",
    "from a.b import c",
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_an_import_goes_where_libcst_puts_it(statement: str) -> None:
    """Else our way of adding an import would have a mind of its own."""
    [wanted] = cst.ensure_type(cst.parse_statement(statement), cst.SimpleStatementLine).body
    sources = [*HEADS, *(file.read_text() for file in sorted(TINY_SHOP.rglob("*.py"))[:8])]
    for source in sources:
        tree = cst.parse_module(source)
        context = CodemodContext()
        for alias in wanted.names:
            if isinstance(wanted, cst.Import):
                AddImportsVisitor.add_needed_import(
                    context, alias.evaluated_name, None, alias.evaluated_alias
                )
            else:
                module = wanted.module.value if isinstance(wanted.module, cst.Name) else "a.b"
                AddImportsVisitor.add_needed_import(
                    context, module, alias.evaluated_name, alias.evaluated_alias
                )
        expected = AddImportsVisitor(context).transform_module(tree).code
        assert with_import(tree, wanted).code == expected, source


@pytest.mark.parametrize(
    ("statement", "added"),
    [
        ("from . import b", False),
        ("from .c import d", False),
        ("from .c import e", True),
        ("from c import d", True),
    ],
)
def test_relative_imports_are_known_again(tmp_path: Path, statement: str, added: bool) -> None:
    """Else a second import of the same would be added; LibCST's own visitor does that."""
    (tmp_path / "a.py").write_text("from . import b\nfrom .c import d\n")
    with Workspace(tmp_path, frozenset(["a.py"]), None) as workspace:
        assert cst_add_import.run(workspace, "a.py", statement).import_added is added


@pytest.mark.parametrize(
    ("statement", "added"),
    [
        ("from pathlib import Path", True),
        ("from os import path", False),
        ("import os.path", True),
        ("import json as j", True),
    ],
)
def test_an_import_that_is_there_is_not_added_again(tmp_path: Path, statement: str, added: bool) -> None:
    """Else the answer "it was already there" could not be trusted."""
    (tmp_path / "a.py").write_text("from os import path\n\nprint(path)\n")
    with Workspace(tmp_path, frozenset(["a.py"]), None) as workspace:
        result = cst_add_import.run(workspace, "a.py", statement)
    assert (result.success, result.import_added) == (True, added)
    assert (statement in result.modified_source) is (added or statement == "from os import path")


def test_a_byte_order_mark_is_no_import(tmp_path: Path) -> None:
    """Else the answer would say that an import was added where none was."""
    (tmp_path / "a.py").write_text("\ufeffimport os\n")
    with Workspace(tmp_path, frozenset(["a.py"]), None) as workspace:
        assert not cst_add_import.run(workspace, "a.py", "import os").import_added


@pytest.mark.parametrize(
    "statement", ["print(1)", "from os import *", "import", "import os; import sys", "x = 1"]
)
def test_what_is_no_import_is_refused(tmp_path: Path, statement: str) -> None:
    """Else the tool would write whatever it is given to the head of a file."""
    (tmp_path / "a.py").write_text("x = 1\n")
    with Workspace(tmp_path, frozenset(["a.py"]), None) as workspace:
        result = cst_add_import.run(workspace, "a.py", statement)
    assert not result.success
    assert result.parse_error
