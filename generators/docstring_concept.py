"""What is this class for, in its docstring's own words?

user       Can you explain what tiny-shop's `OrderService` class is?
assistant  `OrderService` places orders: reserves the pieces, takes the money, tells the listeners.

           When any step fails, no piece is taken and the cart stays as it was.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import ClassFact, FileFacts, FunctionFact
from punie_data.code.repo import Repo
from punie_data.documents.docstrings import docstring_blocks, sentence_about
from punie_data.documents.english import a_or_an
from punie_data.documents.markup import Block
from punie_data.documents.passages import Passage, passage, sentences
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, direct_scene
from punie_data.tools.toolbox import Toolbox

CLASSES = (
    "What is the `{name}` class in {project} for?",
    "In {project}, what is `{name}`?",
    "What does the class `{name}` do in {project}?",
    "Can you explain what {project}'s `{name}` class is?",
    "I came across `{name}` in {project}. What is it?",
    "What role does `{name}` play in {project}?",
    "Give me a short description of {project}'s `{name}` class.",
)
EXCEPTIONS = (
    "What does the exception `{name}` mean in {project}?",
    "What does {project} use the exception `{name}` for?",
    "What is `{name}` in {project}?",
    "I got {a_or_an} `{name}` from {project}. What does it tell me?",
    "In {project}, what is the exception `{name}` for?",
    "Can you explain {project}'s `{name}` exception?",
)
FUNCTIONS = (
    "What does `{name}()` do in {project}?",
    "In {project}, what is `{name}()` for?",
    "Can you explain what {project}'s `{name}()` does?",
    "I came across `{name}()` in {project}. What does it do?",
    "What's the purpose of `{name}()` in {project}?",
    "Describe what {project}'s `{name}()` function does.",
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Public classes with a docstring that says something, then public functions of modules. What no documentation speaks of, one would look up: it's
    left out where there is documentation.
    """
    classes = [
        (facts, item)
        for facts in repo.sources
        for item in facts.classes
        if _is_public(facts, item) and len(item.docstring) >= 80
    ]
    functions = [
        (facts, item)
        for facts in repo.sources
        for item in facts.functions
        if _is_public(facts, item) and not item.is_method and len(item.docstring) >= 120
    ]
    chance.shuffle(classes)
    chance.shuffle(functions)
    asked: set[str] = set()
    for facts, item in (*classes, *functions):
        # A name that means two things in the project would make the question ambiguous.
        is_known = not repo.articles or item.name in repo.documented
        if item.name in asked or not is_known or len(repo.definitions.get(item.name, ())) > 1:
            continue
        asked.add(item.name)
        text = _explained(facts, item, repo)
        if text is not None:
            yield direct_scene(
                pick(
                    chance,
                    _phrasings(item),
                    name=item.name,
                    project=repo.title,
                    a_or_an=a_or_an(item.name),
                ),
                text.text,
                "concept",
                spans=[text.span],
                symbol=item.qualname,
            )


def _is_public(facts: FileFacts, item: ClassFact | FunctionFact) -> bool:
    return (
        not item.name.startswith(("_", "test_", "Test"))
        and not item.is_nested
        and "." not in item.qualname
        and not any(part.strip("_") in ("test", "tests") for part in facts.path.split("/"))
    )


def _explained(facts: FileFacts, item: ClassFact | FunctionFact, repo: Repo) -> Passage | None:
    parts = docstring_blocks(repo.lines(facts.path), item.docstring, item.docstring_line)
    if not parts or parts[0].kind != "prose":
        return None
    about = sentence_about(item.name, parts[0].text)
    if about and f"`{item.name}`" not in about:
        # "An invalid name was found." says what happened, not what the exception is.
        happened = _phrasings(item) is EXCEPTIONS and re.match(r"(?:An?|The) ", about)
        about = f"`{item.name}` means that {about[0].lower()}{about[1:]}" if happened else ""
    if (
        not about
        or _says_little(item.name, about, parts)
        or re.match(r"`[^`]*` (?:is )?(?:deprecated|a (?:backwards|shim))", about)
    ):
        return None
    text = passage(facts.path, [replace(parts[0], text=about), *parts[1:]], with_code=True)
    return None if text is None or re.search(r"^- `?__\w+__`?$", text.text, re.MULTILINE) else text


def _says_little(name: str, about: str, parts: list[Block]) -> bool:
    """Whether the first sentence only spells out the name, or the second says the same again."""
    first, *rest = [
        *sentences(about),
        *(one for part in parts[1:2] if part.kind == "prose" for one in sentences(part.text)),
    ]
    said = _stems(first.partition("` ")[2])
    named = _stems(re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name))
    return said <= named or bool(rest and said <= _stems(rest[0]))


def _stems(text: str) -> set[str]:
    """The longer words without their endings."""
    return {word.lower()[:6].rstrip("edsiong") for word in re.findall(r"[A-Za-z]{3,}", text)} - {
        "th",
        "a",
        "that",
        "for",
    }


def _phrasings(item: ClassFact | FunctionFact) -> tuple[str, ...]:
    if isinstance(item, FunctionFact):
        return FUNCTIONS
    ends = ("Error", "Exception", "Warning")
    return EXCEPTIONS if any(name.endswith(ends) for name in (item.name, *item.bases)) else CLASSES
