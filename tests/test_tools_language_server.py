"""The eight tools that ask ty's language server, on tiny_shop; what they spare; and a server that dies or hangs."""

import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from punie_data.errors import ToolUnavailable
from punie_data.tools.language_server import LanguageServer
from punie_data.tools.results import HierarchyCall, HierarchyType, Location, Reference
from punie_data.tools.toolbox import Toolbox
from punie_data.tools.workspace import MOST_DEATHS, Workspace
from tests.conftest import open_tools, place

CART = "src/tiny_shop/cart.py"
CATALOGUE = "src/tiny_shop/catalogue.py"
ERRORS = "src/tiny_shop/errors.py"
MONEY = "src/tiny_shop/money.py"
ORDERS = "src/tiny_shop/orders.py"
PAYMENTS = "src/tiny_shop/payments.py"
PRICING = "src/tiny_shop/pricing.py"
REPORTS = "src/tiny_shop/reports.py"
AT_A_POSITION = (
    "goto_definition", "find_references", "hover", "find_implementations", "call_hierarchy", "type_hierarchy"
)  # fmt: skip


def at(shop: Toolbox, file: str, line: str, symbol: str = "") -> dict[str, str | int]:
    return place(shop.workspace.root, file, line, symbol or line.split()[-1])


def test_a_definition_in_another_module_is_found(shop: Toolbox) -> None:
    """Else navigation would stop at the import."""
    found = shop.call("goto_definition", **at(shop, CART, "return total(", "total")).value
    assert found.locations == (
        Location(file=MONEY, line=47, column=5, end_line=47, end_column=10, preview="def total(amounts: Iterable[Money]) -> Money:"),
    )  # fmt: skip


def test_a_definition_in_the_standard_library_has_no_path_of_this_machine(shop: Toolbox) -> None:
    """Else a row would hold the folder in which ty unpacks its stubs."""
    (found,) = shop.call(
        "goto_definition", **at(shop, ERRORS, "class ShopError", "Exception")
    ).value.locations
    assert (found.file, found.column, found.preview) == ("typeshed/stdlib/builtins.pyi", 7, "")


def test_the_same_name_elsewhere_is_not_the_definition(shop: Toolbox) -> None:
    """Else the property `total` of a quote would be taken for the function `total`."""
    (found,) = shop.call("goto_definition", **at(shop, ORDERS, "priced.total", "total")).value.locations
    assert (found.file, found.line) == (PRICING, 81)


def test_columns_behind_an_emoji_count_characters(shop: Toolbox) -> None:
    """Else every position behind one would be off by one: the protocol counts UTF-16, where an emoji is two."""
    position = at(shop, CATALOGUE, '"TEA-1"', "Money")
    assert (position["line"], position["column"]) == (63, 48)
    assert shop.call("goto_definition", **position).value.locations[0].file == MONEY
    behind = at(shop, CATALOGUE, '"TEA-1"', "tea)") | {"symbol": "tea"}
    assert [
        (found.line, found.column) for found in shop.call("goto_definition", **behind).value.locations
    ] == [(60, 5)]
    uses = shop.call("find_references", **at(shop, MONEY, "class Money", "Money")).value.references
    assert (
        Reference(
            file=CATALOGUE,
            line=63,
            column=48,
            preview='Product("TEA-1", "Crème de thé 🍵", Money.of("4.50"), tea),',
        )
        in uses
    )


def test_references_are_all_uses_and_not_the_definition(shop: Toolbox) -> None:
    """Else 'where is it used' would be answered with where it is."""
    found = shop.call("find_references", **at(shop, ERRORS, "class OutOfStock", "OutOfStock")).value
    assert [(use.file, use.line, use.column, use.preview) for use in found.references] == [
        ("src/tiny_shop/inventory.py", 27, 19, "raise OutOfStock(sku, quantity, available)"),
        ("tests/test_orders.py", 49, 24, "with pytest.raises(OutOfStock) as caught:"),
    ]
    assert found.reference_count == 2


def test_references_are_asked_for_by_place_and_not_by_name(shop: Toolbox) -> None:
    """Else `add` of the cart and `add` of the catalogue would be one."""
    cart = shop.call("find_references", **at(shop, CART, "def add", "add")).value
    catalogue = shop.call("find_references", **at(shop, CATALOGUE, "def add", "add")).value
    assert [(use.file, use.line) for use in catalogue.references] == [(CATALOGUE, 26)]
    assert {use.file for use in cart.references} == {
        "tests/test_cart.py", "tests/test_orders.py", "tests/test_pricing.py"
    }  # fmt: skip


def test_no_references_is_an_answer(shop: Toolbox) -> None:
    """Else dead code could not be told from a failed call."""
    found = shop.call("find_references", **at(shop, "src/tiny_shop/inventory.py", "def low", "low"))
    assert (found.exit, found.value.success, found.value.reference_count) == (0, True, 0)


def test_hover_shows_signature_and_documentation(shop: Toolbox) -> None:
    """Else the type of a symbol would have to be guessed."""
    found = shop.call("hover", **at(shop, PRICING, "def shipping_for", "shipping_for")).value
    signature, _, documentation = found.content.partition("\n---------------------------------------------\n")
    assert signature == "def shipping_for(subtotal: Money) -> Money"
    assert documentation == "Shipping costs nothing from FREE_SHIPPING_FROM on."
    assert found.language == "python"


def test_symbols_are_nested_as_the_code_is(shop: Toolbox) -> None:
    """Else a method would pass for a function."""
    found = shop.call("document_symbols", file_path=ERRORS).value
    assert [(symbol.name, symbol.kind, symbol.line, symbol.end_line) for symbol in found.symbols] == [
        ("ShopError", "class", 4, 5), ("UnknownProduct", "class", 8, 13), ("OutOfStock", "class", 16, 23),
        ("EmptyCart", "class", 26, 27), ("PaymentError", "class", 30, 31), ("PaymentDeclined", "class", 34, 35),
        ("ProviderUnreachable", "class", 38, 39),
    ]  # fmt: skip
    assert [(child.name, child.kind) for child in found.symbols[2].children] == [("__init__", "constructor")]
    assert found.symbol_count == 9


def test_workspace_symbols_put_the_exact_name_first(shop: Toolbox) -> None:
    """Else a loose match would pass for the thing that was asked for."""
    found = shop.call("workspace_symbols", query="Voucher").value
    assert [(symbol.name, symbol.kind, symbol.file, symbol.line) for symbol in found.symbols] == [
        ("Voucher", "class", PRICING, 59),
        ("test_a_voucher_never_exceeds_the_cart", "function", "tests/test_pricing.py", 27),
    ]
    assert shop.call("workspace_symbols", query="zzzz").value.symbol_count == 0


def test_workspace_symbols_give_the_line_of_the_name_not_of_its_decorator(shop: Toolbox) -> None:
    """Else a position taken from there would not hold the symbol, and hover would refuse it."""
    for query, file, line in (("CartLine", "src/tiny_shop/cart.py", 13), ("ShopError", ERRORS, 4)):
        exact = [s for s in shop.call("workspace_symbols", query=query).value.symbols if s.name == query]
        assert [(symbol.file, symbol.line) for symbol in exact] == [(file, line)]


def test_implementations_are_the_subclasses_and_overriding_methods(shop: Toolbox) -> None:
    """Else 'which rules are there' would miss one."""
    rules = shop.call("find_implementations", **at(shop, PRICING, "class PricingRule", "PricingRule")).value
    assert [(found.line, found.preview) for found in rules.implementations] == [
        (30, "class PercentOff(PricingRule):"),
        (44, "class BuyTwoGetOneFree(PricingRule):"),
        (59, "class Voucher(PricingRule):"),
    ]
    methods = shop.call("find_implementations", **at(shop, PRICING, "def discount", "discount")).value
    assert [found.line for found in methods.implementations] == [39, 52, 68]


def test_a_class_that_only_fits_a_protocol_is_no_implementation_to_ty(shop: Toolbox) -> None:
    """ty follows declared bases. A generator must not conclude that a protocol has no implementers."""
    found = shop.call(
        "find_implementations", **at(shop, PAYMENTS, "class PaymentProvider", "PaymentProvider")
    )
    assert (found.exit, found.value.implementation_count) == (0, 0)


def test_the_place_asked_about_is_not_its_own_implementation(shop: Toolbox) -> None:
    """Else a class would count as its own subclass, however the path is spelled."""
    position = at(shop, PRICING, "class Voucher", "Voucher")
    for path in (PRICING, f"./{PRICING}", f"src//{PRICING[4:]}"):
        assert (
            shop.call("find_implementations", **position | {"file_path": path}).value.implementation_count
            == 0
        )


def test_callers_name_the_lines_of_the_call(shop: Toolbox) -> None:
    """Else a caller could be named, but not shown."""
    found = shop.call("call_hierarchy", **at(shop, MONEY, "def total", "total")).value
    assert found.calls == (
        HierarchyCall(name="subtotal", kind="method", file=CART, line=48, call_lines=(50,)),
        HierarchyCall(name="discount", kind="method", file=PRICING, line=39, call_lines=(41,)),
        HierarchyCall(name="quote", kind="function", file=PRICING, line=90, call_lines=(93,)),
        HierarchyCall(name="revenue", kind="function", file=REPORTS, line=12, call_lines=(14,)),
    )


def test_callees_are_the_other_direction(shop: Toolbox) -> None:
    """Else 'who calls it' and 'what does it call' would have one answer."""
    found = shop.call("call_hierarchy", **at(shop, PRICING, "def quote", "quote"), direction="outgoing").value
    project = [
        (call.name, call.file, call.line) for call in found.calls if not call.file.startswith("typeshed/")
    ]
    assert project == [
        ("total", MONEY, 47), ("discount", PRICING, 26), ("Quote", PRICING, 73), ("shipping_for", PRICING, 85)
    ]  # fmt: skip
    assert shop.call("call_hierarchy", **at(shop, REPORTS, "def summary", "summary")).value.call_count == 0


OVERLOADED = """\
from typing import overload


@overload
def parse(text: str) -> int: ...
@overload
def parse(text: bytes) -> bytes: ...
def parse(text):
    return text


class Reader:
    @overload
    def read(self, size: int) -> bytes: ...

    @overload
    def read(self, size: None = None) -> str: ...

    def read(self, size=None):
        return min(size or 0, parse(""))


def other(text):
    return Reader().read(), parse(text), min(text, 1), parse(b"")
"""


def test_an_overloaded_callee_is_one_callee(tmp_path: Path) -> None:
    """Else the result would change with what the server was asked before: it names all overloads, or some of them."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project/overloaded.py").write_text(OVERLOADED)
    with open_tools(tmp_path / "project", tmp_path / "cache") as tools:
        found = tools.call(
            "call_hierarchy",
            file_path="overloaded.py",
            line=23,
            column=5,
            symbol="other",
            direction="outgoing",
        ).value.calls
    own = [(call.name, call.line, call.call_lines) for call in found if call.file == "overloaded.py"]
    assert ("parse", 8, (24,)) in own
    assert ("read", 19, (24,)) in own
    assert not {line for _, line, _ in own} & {5, 7, 14, 17}
    assert [(call.name, call.line) for call in found if call.name == "min"] == [("min", 0)]


def test_the_type_hierarchy_is_one_step_deep(shop: Toolbox) -> None:
    """Else a grandchild would pass for a child."""
    below = shop.call("type_hierarchy", **at(shop, ERRORS, "class ShopError", "ShopError")).value
    assert [found.name for found in below.types] == [
        "UnknownProduct",
        "OutOfStock",
        "EmptyCart",
        "PaymentError",
    ]
    above = shop.call(
        "type_hierarchy",
        **at(shop, ERRORS, "class PaymentDeclined", "PaymentDeclined"),
        direction="supertypes",
    )
    assert above.value.types == (HierarchyType(name="PaymentError", file=ERRORS, line=30),)
    leaf = shop.call("type_hierarchy", **at(shop, ERRORS, "class EmptyCart", "EmptyCart")).value
    assert (leaf.success, leaf.type_count) == (True, 0)


@pytest.mark.parametrize("tool", AT_A_POSITION)
@pytest.mark.parametrize(
    ("file_path", "line", "column", "symbol", "error"),
    [
        pytest.param("nope.py", 1, 1, "x", "no such file: nope.py", id="no-such-file"),
        pytest.param("../cart.py", 1, 1, "x", "no such file: ../cart.py", id="outside"),
        pytest.param("/etc/hosts", 1, 1, "x", "no such file: /etc/hosts", id="absolute"),
        pytest.param("src", 1, 1, "x", "no such file: src", id="folder"),
        pytest.param("README.md", 3, 3, "small", "not a Python file: README.md", id="not-python"),
        pytest.param(ERRORS, 40, 1, "x", "'x' does not stand at src/tiny_shop/errors.py:40:1", id="last-empty-line"),
        pytest.param(ERRORS, 41, 1, "x", "src/tiny_shop/errors.py has 39 lines, not 41", id="line-too-large"),
        pytest.param(ERRORS, 0, 1, "x", "src/tiny_shop/errors.py has 39 lines, not 0", id="line-zero"),
        pytest.param(ERRORS, 4, 8, "ShopError", "'ShopError' does not stand at src/tiny_shop/errors.py:4:8", id="inside-the-name"),
        pytest.param(ERRORS, 4, -3, "ShopError", "'ShopError' does not stand at src/tiny_shop/errors.py:4:-3", id="column-below-one"),
        pytest.param(ERRORS, 4, 7, "", "'' does not stand at src/tiny_shop/errors.py:4:7", id="no-symbol"),
        pytest.param(ERRORS, 4, 7, "Shop", "'Shop' does not stand at src/tiny_shop/errors.py:4:7", id="part-of-a-name"),
    ],
)  # fmt: skip
def test_a_wrong_position_is_an_error_that_says_so(
    shop: Toolbox, tool: str, file_path: str, line: int, column: int, symbol: str, error: str
) -> None:
    """Else the server's silence would be taken for 'there is none'."""
    found = shop.call(tool, file_path=file_path, line=line, column=column, symbol=symbol)
    assert (found.exit, found.value.parse_error) == (1, error)


@pytest.mark.parametrize("path", ["README.md", "docs/concepts.rst", "pyproject.toml"])
def test_only_python_has_symbols(shop: Toolbox, path: str) -> None:
    """Else ty would read a README as Python and find variables in its prose."""
    assert shop.call("document_symbols", file_path=path).value.parse_error == f"not a Python file: {path}"


def test_a_dotted_symbol_stands_where_its_last_part_does(shop: Toolbox) -> None:
    """Else a method could only be asked for by half its name."""
    position = at(shop, CART, "def clear", "clear")
    assert shop.call("hover", **position | {"symbol": "Cart.clear"}).ok


def test_a_server_that_is_killed_is_replaced_a_few_times(tiny_shop: Path, tmp_path: Path) -> None:
    """Else one crash of the server would hang a worker, or cost a repository all its later examples; or it would be started for ever."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        assert tools.call("document_symbols", file_path=ERRORS).ok
        os.kill(tools.workspace.server._process.pid, signal.SIGKILL)
        assert tools.call("hover", **at(tools, ERRORS, "class ShopError", "ShopError")).ok
        tools.workspace._deaths = MOST_DEATHS
        os.kill(tools.workspace.server._process.pid, signal.SIGKILL)
        with pytest.raises(ToolUnavailable, match=r"died|failed"):
            tools.call("goto_definition", **at(tools, ERRORS, "class ShopError", "ShopError"))


def server(folder: Path, program: str, timeout: float = 1.0) -> LanguageServer:
    file = folder / "server"
    file.write_text(f"#!{sys.executable}\n{program}")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return LanguageServer([str(file)], folder, {}, timeout)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        pytest.param("import time\ntime.sleep(60)", "did not answer initialize in 1 s", id="silent"),
        pytest.param("", "died", id="gone-at-once"),
        pytest.param("print('hello')\n", "died", id="no-server-at-all"),
        pytest.param("print('Content-Length: 10\\r\\n\\r\\n{}', flush=True)\n", "died", id="less-than-promised"),
        pytest.param(
            "print('Content-Length: x\\r\\n\\r\\n{}', flush=True)\nimport time\ntime.sleep(60)", "died", id="length-is-no-number"
        ),
        pytest.param(
            "print('Content-Length: 3\\r\\n\\r\\n{x}', end='', flush=True)\nimport time\ntime.sleep(60)", "died", id="not-json"
        ),
        pytest.param(
            "while True: print('Content-Length: 2\\r\\n\\r\\n{}', end='', flush=True)", "did not answer", id="endless-chatter"
        ),
    ],
)  # fmt: skip
def test_a_server_that_misbehaves_is_unavailable(tmp_path: Path, program: str, said: str) -> None:
    """Else a broken installation of ty would hang the run or end it with a traceback."""
    with pytest.raises(ToolUnavailable, match=said):
        server(tmp_path, program)


def test_a_server_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    """Else a machine without ty would get a traceback."""
    with pytest.raises(ToolUnavailable, match="does not start"):
        LanguageServer([str(tmp_path / "nothing")], tmp_path, {})


def test_no_process_is_left_behind(tiny_shop: Path, tmp_path: Path) -> None:
    """Else every repository would leave a server running."""
    with open_tools(tiny_shop, tmp_path / "cache") as tools:
        tools.call("document_symbols", file_path=ERRORS)
        process = tools.workspace.server._process
    assert process.poll() is not None


def test_a_file_with_a_broken_syntax_still_has_symbols(tmp_path: Path) -> None:
    """Else one unfinished file would cost its repository every navigation example."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "broken.py").write_text("def fine():\n    pass\n\n\ndef broken(:\n")
    with Workspace(root, frozenset(["broken.py"]), None) as workspace:
        found = Toolbox(workspace).call("document_symbols", file_path="broken.py").value
    assert found.symbols[0].name == "fine"
