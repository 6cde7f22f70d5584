"""The whole project is searched, whatever part of it the project has its type checker look at."""

from pathlib import Path

import pytest

from punie_data.code.tree import snapshot
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import Workspace


@pytest.mark.parametrize("setting", ['include = ["tests/typing"]', 'exclude = ["shop"]', ""])
def test_uses_are_found_in_every_folder(setting: str, tmp_path: Path) -> None:
    """Else structlog, which has ty check one folder of tests, would seem to use nothing of its own."""
    root = tmp_path / "project"
    (root / "shop").mkdir(parents=True)
    (root / "pyproject.toml").write_text(f"[project]\nname = 'x'\nversion = '1'\n[tool.ty.src]\n{setting}\n")
    (root / "shop/cart.py").write_text("def total() -> int:\n    return 1\n")
    (root / "shop/order.py").write_text("from shop.cart import total\n\nprint(total())\n")
    (root / ".gitignore").write_text("shop/order.py\n")
    tree = snapshot(root, tmp_path / "cache", False, lambda line: None)
    tools = Toolbox(Workspace(tree.root, frozenset(tree.paths()), tree.git))
    try:
        uses = tools.call("find_references", file_path="shop/cart.py", line=1, column=5, symbol="total").value
        found = tools.call("workspace_symbols", query="total").value
    finally:
        tools.close()
    assert [(place.file, place.line) for place in uses.references] == [("shop/order.py", 3)]
    assert [(symbol.file, symbol.line) for symbol in found.symbols] == [("shop/cart.py", 1)]
