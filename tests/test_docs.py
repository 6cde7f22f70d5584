"""Headings, sections and blocks of documents, and the passages made of them."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from punie_data.documents.docstrings import docstring_blocks, sentence_about
from punie_data.documents.inline import LOST, readable
from punie_data.documents.leaning import RULES, is_loose
from punie_data.documents.markup import blocks
from punie_data.documents.passages import articles, firm, is_article, passage, sentences, spelling
from punie_data.documents.sections import front_matter, preamble, sections

PARSER = MarkdownIt("commonmark")


def titles(path: str, text: str) -> list[tuple[int, str]]:
    return [(found.level, found.title) for found in sections(path, text)]


MARKDOWN = {
    "a fence of backticks hides a heading": ("# One\n\n```\n# not\n```\n\n# Two\n", ["One", "Two"]),
    "a fence of tildes hides one too": ("# One\n~~~md\n# not\n~~~\n# Two", ["One", "Two"]),
    "a shorter fence does not close a longer one": ("# One\n````\n```\n# not\n````\n# Two", ["One", "Two"]),
    "a fence of one kind does not close the other": ("# One\n```\n~~~\n# not\n```\n# Two", ["One", "Two"]),
    "indented code is no heading": ("# One\n\n    # not\n\n# Two", ["One", "Two"]),
    "three spaces are": ("   # One", ["One"]),
    "a hash without a space is none": ("#One\n\n#hashtag\n\n# Two", ["Two"]),
    "closing hashes go": ("# One ##\n", ["One"]),
    "seven hashes are none": ("####### no\n\n# One", ["One"]),
    "underlined": ("One\n===\n\nTwo\n---\n", ["One", "Two"]),
    "underlined over two lines": ("One and\nmore\n===\n", ["One and more"]),
    "a rule behind a blank line is none": ("text\n\n---\n\n# One", ["One"]),
    "a list is not underlined": ("- item\n---\n\n# One", ["One"]),
    "a quotation is not either": ("> quoted\n---\n\n# One", ["One"]),
    "a table is not": ("| a | b |\n|---|---|\n| 1 | 2 |\n\n# One", ["One"]),
    "an HTML comment hides one": ("<!--\n# not\n-->\n# One", ["One"]),
    "HTML blocks end at a blank line": ("<div>\n# not\n\n# One\n</div>", ["One"]),
    "preformatted HTML ends where it says": ("<pre>\n\n# not\n</pre>\n\n# One", ["One"]),
    "front matter": ("---\ntitle: x\n# not: one\n---\n\n# One", ["One"]),
    "a rule on top is no front matter": ("---\n\n# One\n\n---\n", ["One"]),
    "a heading inside a list item belongs to it": ("- item\n\n  # not\n\n# One", ["One"]),
    "a fence inside a list item ends with it": ("- item\n\n  ```\n  code\n\n# One", ["One"]),
    "links in a title become their text": ("# The [name](url) {#anchor}\n", ["The name"]),
    "code in a title stays": ("## `--flag`", ["`--flag`"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown_headings(name: str) -> None:
    """Else code, quotations and front matter would become sections, and questions would be asked about them."""
    text, wanted = MARKDOWN[name]
    assert [title for _, title in titles("a.md", text)] == wanted


RESTRUCTURED = {
    "levels come in the order of use": ("One\n===\n\nTwo\n---\n\nThree\n~~~~~\n\nFour\n----\n", [(1, "One"), (2, "Two"), (3, "Three"), (2, "Four")]),
    "an overline is another style": ("=====\n Doc\n=====\n\nOne\n===\n\nTwo\n---\n", [(1, "Doc"), (2, "One"), (3, "Two")]),
    "a transition is none": ("One\n===\n\ntext\n\n----\n\nmore", [(1, "One")]),
    "a literal block hides one": ("One\n===\n\nLike so::\n\n    Not\n    ===\n\nTwo\n===\n", [(1, "One"), (1, "Two")]),
    "a directive hides one": ("One\n===\n\n.. code-block:: rst\n\n   Not\n   ===\n", [(1, "One")]),
    "a doctest's output is none": ("One\n===\n\n>>> print(x)\nNot\n===\n\nTwo\n===\n", [(1, "One"), (1, "Two")]),
    "a target may stand right above": ("One\n===\n\n.. _two:\nTwo\n---\n", [(1, "One"), (2, "Two")]),
    "a paragraph of two lines is not underlined": ("One\n===\n\na text\nof two lines\n------------\n", [(1, "One")]),
    "a simple table is none": ("One\n===\n\n=====  =====\na      b\n=====  =====\n1      2\n=====  =====\n", [(1, "One")]),
    "a short underline is forgiven": ("A longer title\n====\n", [(1, "A longer title")]),
    "one that is far too short is not": ("A longer title\n==\n", []),
    "roles in a title become code": (":class:`shop.Cart` objects\n==========================\n", [(1, "`shop.Cart` objects")]),
    "wide letters count twice": ("标题\n====\n", [(1, "标题")]),
}  # fmt: skip


@pytest.mark.parametrize("name", RESTRUCTURED)
def test_restructured_text_headings(name: str) -> None:
    """Else literal blocks and tables would become sections."""
    text, wanted = RESTRUCTURED[name]
    assert titles("a.rst", text) == wanted


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            ["# a", "## b", "text", "", "", "===", "---", "```", "~~~", "    code", "- item", "  in item", "> quote", "<div>", "</div>",
             "<!-- x", "-->", "1. one", "* * *", "| a |", "<b>x</b>", "```py", "[a]: b", "  # c", "-", "2. two", "\tx"]
        ),
        max_size=14,
    )
)  # fmt: skip
def test_markdown_headings_agree_with_markdown_it(lines: list[str]) -> None:
    """Else our fast scanner would know another Markdown than everybody else."""
    text = "x\n\n" + "\n".join(lines)  # no front matter
    tokens: list = []
    PARSER.block.parse(text, PARSER, {}, tokens)
    wanted = [token.map[1] for token in tokens if token.type == "heading_open" and token.level == 0]
    found = sections("a.md", text)
    assert len(found) == len(wanted)


def test_sections_know_their_lines_and_their_parents() -> None:
    """Else the span of an answer would point at other lines than the answer came from."""
    text = "# One\n\nfirst\nlines\n\n## Two\n\nsecond\n"
    one, two = sections("a.md", text)
    assert (one.first_line, one.last_line, one.text, one.parents) == (3, 4, "first\nlines", ())
    assert (two.first_line, two.last_line, two.text, two.parents) == (8, 8, "second", ("One",))


def test_what_stands_above_the_first_heading_has_the_front_matters_title() -> None:
    """Else pages without a heading, as Jekyll's are, would have no text at all."""
    found = preamble("docs/a.md", '---\ntitle: "Queues"\n---\n\nA queue is a list.\n\n# Later\n', "")
    assert found is not None
    assert (found.title, found.text, found.first_line, found.last_line) == (
        "Queues",
        "A queue is a list.",
        5,
        5,
    )
    assert preamble("docs/a.md", "# One\n\ntext", "") is None
    assert front_matter(["---", "a: 1", "no end"]) == 0


@given(st.text(alphabet=string.printable, max_size=400), st.sampled_from(["md", "rst", "docstring"]))
@settings(max_examples=300, deadline=None)
def test_no_text_is_too_odd_for_the_scanners(text: str, flavour) -> None:
    """Else one mined document would end the mining of its repository."""
    sections(f"a.{'md' if flavour == 'md' else 'rst'}", text)
    lines = text.count("\n") + 1
    for block in blocks(text, 1, flavour):
        assert 1 <= block.first <= block.last <= lines
        assert LOST not in block.text or not block.whole


def test_ten_times_the_document_costs_no_more_than_in_proportion() -> None:
    """Else a generated page of many megabytes would stop the mining: what is counted are steps, not seconds."""
    for piece in (
        "- a\n",
        "> ",
        "```\n",
        "=\n",
        "* [",
        "`",
        "<div>\n",
        ".. x::\n\n  ",
        ":a:`",
        "a\n---\n",
        "|",
        "\\",
    ):
        for path, flavour in (("a.md", "md"), ("a.rst", "rst")):
            text = piece * 20_000
            sections(path, text)
            blocks(text[:20_000], 1, flavour)


def test_deep_nesting_ends_in_what_is_not_read() -> None:
    """Else a document of nested notes would exhaust the stack and end the worker."""
    notes = "\n".join("   " * depth + ".. note::\n" for depth in range(1500))
    terms = "\n".join(" " * depth + "term" for depth in range(1500))
    assert [block.whole for block in blocks(notes, 1, "rst")] == [False]
    assert [block.whole for block in blocks(terms, 1, "rst")] == [False]
    assert blocks("word " * 4000, 1, "md")[0].whole is False


KINDS = {
    "md": [
        ("Text.\n\n```python\nx = 1\n```\n", [("prose", "Text."), ("code", "x = 1")]),
        ("- one\n- two\n", [("list", "- one\n- two")]),
        ("Text:\n1. one\n2. two\n", [("prose", "Text:"), ("list", "1. one\n2. two")]),
        ("- one\n\n  ```\n  x\n  ```\n", [("other", "")]),
        ('!!! warning "Careful"\n    Never do it.\n', [("note", "Never do it.")]),
        (":::{note}\nMind the gap.\n:::\n", [("note", "Mind the gap.")]),
        ("/// tip\nUse it.\n///\n", [("note", "Use it.")]),
        ("> [!NOTE]\n> Mind it.\n", [("note", "Mind it.")]),
        ("```{code-block} python\n:caption: a\n\nx = 1\n```\n", [("code", "x = 1")]),
        ("(target)=\n\n% comment\n\nText.\n", [("aside", ""), ("aside", ""), ("prose", "Text.")]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", [("other", "")]),
        ("[![badge](a)](b)\n", [("aside", "")]),
        ("{* ../src/a.py *}\n", [("prose", LOST)]),
    ],
    "rst": [
        ("Like so::\n\n    x = 1\n\nText.", [("prose", "Like so:"), ("code", "x = 1"), ("prose", "Text.")]),
        ("Like so.\n::\n\n    x = 1\n", [("prose", "Like so."), ("code", "x = 1")]),
        (".. code-block:: python\n   :linenos:\n\n   x = 1\n", [("code", "x = 1")]),
        (".. warning::\n\n   Never do it.\n", [("note", "Never do it.")]),
        (".. note:: Mind it, and\n   go on.\n", [("note", "Mind it, and go on.")]),
        (">>> f()\n1\n\n>>> g()\n2\n", [("code", ">>> f()\n1\n\n>>> g()\n2")]),
        ("term\n    What it means.\n", [("definition", "What it means.")]),
        (".. versionadded:: 2.0\n\nText.", [("aside", ""), ("prose", "Text.")]),
        (".. autoclass:: Cart\n   :members:\n", [("other", "")]),
        ("=== ===\na   b\n=== ===\n", [("other", "")]),
        (".. _target:\n\nText.", [("aside", ""), ("prose", "Text.")]),
    ],
    "docstring": [
        ("Return it.\n\nArgs:\n    x: a number\n", [("prose", "Return it."), ("fields", "")]),
        ("Return it.\n\nParameters\n----------\nx : int\n", [("prose", "Return it."), ("fields", "")]),
        ("Return it.\n\n:param x: a number\n", [("prose", "Return it."), ("fields", "")]),
        ("Return it.\n\nExample:\n    >>> f()\n    1\n", [("prose", "Return it."), ("code", ">>> f()\n1")]),
        ("Use it:\n    import a\n    a.b()\n", [("prose", "Use it:"), ("code", "import a\na.b()")]),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("flavour", "text", "wanted"), [(f, text, wanted) for f, cases in KINDS.items() for text, wanted in cases]
)
def test_blocks(flavour, text: str, wanted: list[tuple[str, str]]) -> None:
    """Else code would be read as prose, and what can't be shown as if it could."""
    assert [(block.kind, block.text) for block in blocks(text, 1, flavour)] == wanted


INLINE = {
    "rst": [
        (":class:`~shop.cart.Cart` and :meth:`.add`", "`Cart` and `add`"),
        ("``a  b``, `link <https://x.example>`_, `Python`_ and word_", "`a b`, link, Python and word"),
        (":ref:`The title <label>` but :ref:`label`", f"The title but {LOST}"),
        (":term:`cart` :pep:`8` :envvar:`HOME` :file:`.env`", "cart PEP 8 `HOME` `.env`"),
        ("as said [1]_, |version|", f"as said, {LOST}"),
        (r"\*args and f\ s", r"\*args and fs"),
        ("__init__ and snake_case_ stay", "__init__ and snake_case_ stay"),
    ],
    "md": [
        ("[text `a`](x.md) and [b][ref], [C]", "text `a` and b, C"),
        ("{class}`~shop.Cart` and {ref}`title <t>` {doc}`x`", f"`Cart` and title {LOST}"),
        ("![image](x.png)text[^1] <https://a.example> &mdash; `&amp;`", "text https://a.example — `&amp;`"),
        ("a <kbd>x</kbd> and <weird-tag>b</weird-tag>", f"a x and {LOST}b{LOST}"),
        ("x[0] and list[int] keep their brackets", "x[0] and list[int] keep their brackets"),
        ("see {{ variable }}", f"see {LOST}"),
    ],
    "docstring": [
        ("Takes `x`, ``y`` and :func:`z`; `class_` too", "Takes `x`, `y` and `z`; `class_` too"),
        (r"either :class:`Option`\s or not", "either `Option`s or not"),
    ],
}


@pytest.mark.parametrize(
    ("flavour", "text", "wanted"),
    [(f, text, wanted) for f, cases in INLINE.items() for text, wanted in cases],
)
def test_inline_markup_becomes_readable(flavour: str, text: str, wanted: str) -> None:
    """Else roles, footnotes and links without a target would stand in answers."""
    assert readable(text, flavour) == wanted


def test_a_sentence_ends_where_it_ends() -> None:
    """Else an answer would stop behind an abbreviation, or inside code."""
    assert sentences("It is fast, e.g. Twice. So `a. B` counts once. Done!") == [
        "It is fast, e.g. Twice.",
        "So `a. B` counts once.",
        "Done!",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "See the next section.", "The example above shows it.", "We recommend it.", "As mentioned, it works.", "Here is one.", "It was added in version 2.0.",
        "In this guide you build a shop.", "For more information, ask.", "The following works.", f"Read {LOST} first.", "Let's go on.",
    ],
)  # fmt: skip
def test_sentences_that_lean_on_their_page_are_known(sentence: str) -> None:
    """Else answers would say "see above" to someone who sees nothing above."""
    assert is_loose(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["If a rule could see the discounts, the price would change.", "The rules are listed in any order.", "It lies in the layers below its own.",
     "A cart follows the following-sibling axis." if False else "The catalogue, e.g. the sample, is small.", "Use `the example above` as a name.", "It costs 4.90 euros."],
)  # fmt: skip
def test_sentences_that_stand_by_themselves_are_left_alone(sentence: str) -> None:
    """Else little would be left to answer with."""
    assert not is_loose(sentence)


def test_every_leaning_rule_has_words_that_its_pattern_needs() -> None:
    """Else a rule would never be tried on a sentence that it is for."""
    for words, pattern in RULES:
        assert words == words.lower() and pattern


def test_a_passage_ends_before_the_first_leaning_sentence() -> None:
    """Else an answer would go on to something that is not there."""
    text, whole = firm("A cart is a list. It grows. See the docs. It shrinks.")
    assert (text, whole) == ("A cart is a list. It grows.", False)
    assert firm("A cart is a list. See the docs.") == ("A cart is a list.", True)


def test_a_colon_takes_its_code_or_goes() -> None:
    """Else an answer would announce an example and not give it."""
    long = "A cart is what a customer means to buy, and it remembers numbers and quantities only. Make one like this:"
    with_code = blocks(f"{long}\n\n```python\ncart = Cart()\n```\n", 1, "md")
    found = passage("docs/a.md", with_code)
    assert (
        found is not None
        and found.text.endswith("```python\ncart = Cart()\n```")
        and found.span == "docs/a.md:1-5"
    )
    without = passage("docs/a.md", blocks(f"{long}\n\n| a | b |\n|---|---|\n", 1, "md"))
    assert (
        without is not None and without.text.endswith("quantities only.") and without.span == "docs/a.md:1-1"
    )
    assert passage("docs/a.md", blocks("This is short.", 1, "md")) is None
    assert passage("docs/a.md", blocks("It goes on from a sentence that nobody can see here, since it stood on another page of the same book.", 1, "md")) is None  # fmt: skip


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("README.md", True), ("docs/how-to.md", True), ("doc/en/fixtures.rst", True), ("docs/web-security.rst", True),
        ("CHANGELOG.md", False), ("docs/changelog.md", False), ("docs/de/index.md", False), ("src/pkg/README.md", False), ("docs/license.rst", False),
        ("agent/specs/plan.md", False), ("docs/contributing.md", False), ("docs/conf.py", False),
    ],
)  # fmt: skip
def test_what_explains_the_project(path: str, wanted: bool) -> None:
    """Else answers would come from change logs and plans."""
    assert is_article(path) is wanted


def test_sections_about_installing_are_left_out() -> None:
    """Else "install it with pip" would be taught as knowledge about the project."""
    found = articles(
        "README.md", "# Shop\n\nA shop.\n\n## Installation\n\npip install shop\n\n## License\n\nMIT\n", "Shop"
    )
    assert [article.title for article in found] == ["Shop"]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("flask", "# Flask\n\nFlask is small. `flask run`", "Flask"),
        ("tiny_shop", "# tiny-shop\n\ntiny-shop is a shop.", "tiny-shop"),
        ("jinja2", "# Jinja\n\nJinja is fast. Jinja renders.", "Jinja"),
        ("httpx", "HTTPX is a client. HTTPX is fast. import httpx", "HTTPX"),
        ("thing", "Something else.", "thing"),
    ],
)
def test_a_project_is_called_what_its_readme_calls_it(name: str, text: str, wanted: str) -> None:
    """Else questions would spell the project as its folder is spelt."""
    assert spelling(name, text) == wanted


def test_a_docstring_is_found_at_its_lines() -> None:
    """Else the span behind an answer would be off, and a docstring with escapes would be quoted as it is not written."""
    lines = ["class A:", '    """Holds things.', "", "    More of it.", '    """']
    found = docstring_blocks(lines, "Holds things.\n\nMore of it.", 2)
    assert [(block.text, block.first, block.last) for block in found] == [
        ("Holds things.", 2, 2),
        ("More of it.", 4, 4),
    ]
    assert docstring_blocks(lines, "Something else.", 2) == []
    assert docstring_blocks(['"""A', "", '    B\\n"""'], "A\n\nB and more", 0) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Return the total.", "`f` returns the total."),
        ("Parse and return the body.", "`f` parses and returns the body."),
        ("Configures logging.", "`f` configures logging."),
        ("A client that tests.", "`f` is a client that tests."),
        ("The response had a status.", "The response had a status."),
        ("Base class for rules.", "`f` is the base class for rules."),
        ("Raised when it fails.", "`f` is raised when it fails."),
        ("This function is fast.", "`f` is fast."),
        ("Proxy requests to a server.", ""),
        ("Inherit from this class.", ""),
        ("`f` is known.", "`f` is known."),
    ],
)
def test_a_docstring_becomes_a_sentence_about_its_subject(text: str, wanted: str) -> None:
    """Else "What is X?" would be answered with a command: "Return the total."."""
    assert sentence_about("f", text) == wanted
