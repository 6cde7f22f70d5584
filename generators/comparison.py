"""What is the difference between these two, and when is which the right one?

user       How does `Voucher` compare to `PercentOff` in tiny-shop?
assistant  `Voucher` takes a fixed amount off the whole cart and stops at zero, whereas `PercentOff` looks only at the products that carry a tag and grows with what is bought. A voucher suits a promise made to one customer; a percentage suits a sale of a group of products.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.documents.docstrings import docstring_blocks, sentence_about
from punie_data.documents.english import NO_SUBJECT, is_plural, subject
from punie_data.documents.leaning import is_loose
from punie_data.documents.markup import Block
from punie_data.documents.passages import Article, Passage, passage, sentences
from punie_data.documents.topics import is_generic, lowered
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, direct_scene
from punie_data.tools.toolbox import Toolbox

QUESTIONS = (
    "What's the difference between {one} and {other} in {project}?",
    "In {project}, how {does_or_do} {one} differ from {other}?",
    "How {does_or_do} {one} compare to {other} in {project}?",
    "I'm not sure I understand the difference between {one} and {other} in {project}. Can you explain it?",
    "{project}: {one} versus {other}. What's different?",
    "Can you contrast {one} with {other} in {project}?",
    "Explain how {one} and {other} differ in {project}.",
)
CHOICES = (
    "{one} or {other} in {project}: which one should I use, and when?",
    "When would I choose {one} over {other} in {project}?",
    "How do I decide between {one} and {other} in {project}?",
    "In {project}, what's the difference between {one} and {other}?",
    "I have to choose between {one} and {other} in {project}. How do they compare?",
    "What speaks for {one} and what for {other} in {project}?",
)
TITLE = re.compile(
    r"^(?:(?:differences? between|comparing|comparison of|choosing between) (.+?) and (.+?)|(.+?) (?:vs\.?|versus|or|compared to) (.+?))\??$",
    re.IGNORECASE,
)
UNLIKE = re.compile(
    r"^(?:Unlike|In contrast (?:to|with)|As opposed to|Contrary to|Compared (?:to|with)) (?P<other>[^,]{2,60}?)(?: however)?, (?P<rest>.+)$"
)
DIFFERENCE = re.compile(
    r"\bdifferences? between (?P<one>[^,.:;]{2,50}?) and (?P<other>[^,.:;]{2,50}?) (?:is|are|lies)\b"
)
DIFFERS = re.compile(
    r"^(?P<one>[^,.:;]{2,50}?) (?:mainly |slightly |only )?(?:differs?|is different|are different) from (?P<other>[^,.:;]{2,50}?)(?: in| by| because| since|,|:|\.$)"
)
ALMOST = re.compile(
    r"^(?P<one>[^,.:;]{2,50}?) (?:is|are|works?|behaves?|acts?) (?:(?:almost|just|exactly|roughly|nearly|very|much|mostly|largely|pretty much|basically|quite) )*(?:like|similar(?:ly)? to|equivalent to|the same as|identical to) "
    r"(?P<other>`[^`]+`|[^,.:;`]{2,40}?),? (?:but|except|with the (?:difference|exception))\b"
)
WHILE = re.compile(r"^(?P<first>.{15,}?)(?:,? whereas|, while|,? but) (?P<second>.{10,})$")
OTHER_HAND = re.compile(
    r"^(?P<other>[^,]{2,40}), (?:on the other hand|in contrast|by contrast|however), |^(?P<same>.{2,40}?) on the other hand (?:is|are|do|does|can|have|has)\b"
)
DOCSTRING = re.compile(
    r"^(?:(?:just |much )?like|same as|similar(?:ly)? to|equivalent to|identical to|(?:an? |the )?async(?:hronous)? (?:version|variant|equivalent|counterpart) of|(?:an? |the )?(?:alternative to|variant of|version of)) "
    r"`(?P<other>[\w.]+(?:\(\))?)`"
)
THIS = re.compile(r"\bthis (?:function|method|class|decorator|type|object|exception)\b")
HINT = re.compile(
    r"\b(?:[Uu]nlike|contrast|differences? between|differs?|different from|whereas|while|opposed|Compared|on the other hand)\b|"
    r"\b(?:like|similar\w*|equivalent|same as|identical)\b[^.]{0,60}\b(?:but|except)\b|`[^.]*, but (?:the )?`"
)
BUT = re.compile(r"\b(?:but|except|instead|only|without|rather|also|unlike|whereas|while)\b")


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Passages whose own words contrast two things; docstrings that say "like …, but …"."""
    found = list(repo.articles)
    chance.shuffle(found)
    asked: set[frozenset[str]] = set()
    for scenes in (_pages(found, repo, chance), _docstrings(repo, chance)):
        for pair, scene in scenes:
            if pair not in asked:
                asked.add(pair)
                yield scene


def _pages(found: list[Article], repo: Repo, chance: Random) -> Iterator[tuple[frozenset[str], Scene]]:
    for article in found:
        if "tutorial" in article.path.lower():
            continue
        yield from _title(article, repo, chance)
        if not HINT.search(article.section.text):
            continue
        for index, block in enumerate(article.blocks):
            if block.kind == "prose":
                yield from _paragraph(article, index, block, repo, chance)


def _title(article: Article, repo: Repo, chance: Random) -> Iterator[tuple[frozenset[str], Scene]]:
    match = TITLE.match(article.title.strip("* "))
    if match is None:
        return
    one, other = (_small(name, article, repo) for name in (match[1] or match[3], match[2] or match[4]))
    text = passage(article.path, article.blocks)
    asks = " or " not in article.title or article.title.endswith("?")
    if (
        text
        and asks
        and _are_two(one, other)
        and all(
            name.strip("`").split()[-1].lower().rstrip("s")[:5] in text.text.lower() for name in (one, other)
        )
    ):
        yield _scene(CHOICES if " or " in article.title else QUESTIONS, one, other, text, repo, chance)


def _paragraph(
    article: Article, index: int, block: Block, repo: Repo, chance: Random
) -> Iterator[tuple[frozenset[str], Scene]]:
    every = sentences(block.text)
    for position, sentence in enumerate(every):
        pair = _pair(sentence, every[position - 1] if position else "")
        if pair is None:
            continue
        one, other = (_small(name, article, repo) for name in pair)
        if not _are_two(one, other):
            continue
        back = 1 if OTHER_HAND.match(sentence) else 0
        for start in dict.fromkeys((0, max(position - back, 0))):
            rest = " ".join(every[start:])
            text = passage(
                article.path, [replace(block, text=rest), *article.blocks[index + 1 :]], paragraphs=1
            )
            if text and sentence.rstrip(":") in text.text and len(text.text) >= 110:
                yield _scene(QUESTIONS, one, other, text, repo, chance)
                return


def _pair(sentence: str, before: str) -> tuple[str, str] | None:
    """The two things that a sentence holds against each other, the one it speaks of first; None when it doesn't."""
    if is_loose(sentence.rstrip(":")):
        return None
    match = UNLIKE.match(sentence)
    if match:
        return subject(match["rest"]), match["other"]
    for pattern in (DIFFERENCE, DIFFERS, ALMOST):
        match = pattern.search(sentence)
        if match:
            return match["one"], match["other"]
    match = OTHER_HAND.match(sentence)
    if match and before:
        return (match["other"] or match["same"]).removeprefix("The "), subject(before)
    match = WHILE.match(sentence)
    if match and not sentence.startswith(("While", "If", "When", "For", "To ", "In ")):
        first, second = subject(match["first"]), subject(match["second"])
        # "but" contrasts two things only where both are named as things.
        if " but " not in sentence or ("`" in first and "`" in second):
            return first, second
    return None


def _are_two(one: str, other: str) -> bool:
    names = [re.sub(r"^(?:an?|the) ", "", name.lower()).strip("`*_") for name in (one, other)]
    return (
        names[0] != names[1]
        and all(
            len(name) > 1 and len(name.split()) <= 5 and not NO_SUBJECT.search(name) and not is_generic(name)
            for name in names
        )
        and not any(
            re.search(
                r"[,;:()]|^\w+(?:ing|ly)$|^(?:high|low|new|old|big|small|fast|slow)$|\b(?:ability|advantage|benefit)s?\b|\x00",
                name,
            )
            for name in names
        )
    )


def _docstrings(repo: Repo, chance: Random) -> Iterator[tuple[frozenset[str], Scene]]:
    found = [
        (facts, item)
        for facts in repo.sources
        for item in (*facts.classes, *facts.functions)
        if item.docstring and not item.is_nested
    ]
    chance.shuffle(found)
    for facts, item in found:
        if item.name[0] == "_" or (
            not re.match(
                r"(?:Just |Much |An? |The )?(?:[Ll]ike|Same|Similar|Equivalent|Identical|[Aa]sync\w* |[Aa]lternative|[Vv]ariant)",
                item.docstring,
            )
            and "nlike " not in item.docstring
        ):
            continue
        name = item.qualname if item.qualname.count(".") <= 1 else item.name
        parts = docstring_blocks(repo.lines(facts.path), item.docstring, item.docstring_line)
        for index, block in enumerate(parts[:4]):
            if block.kind != "prose":
                break
            every = sentences(block.text)
            match = DOCSTRING.match(every[0][0].lower() + every[0][1:]) if index == 0 else None
            begin = 0
            if match is None:
                begin, match = next(
                    (
                        (at, m)
                        for at, one in enumerate(every)
                        if (
                            m := re.match(
                                r"Unlike `(?P<other>[\w.]+(?:\(\))?)`, this (?:function|method|class|decorator|type) ",
                                one,
                            )
                        )
                    ),
                    (0, None),
                )
            if (
                match is None
                or match["other"].rstrip("()").rpartition(".")[2] == item.name
                or not BUT.search(block.text)
            ):
                continue
            rest = " ".join(every[begin:])
            rest = THIS.sub(f"`{name}`", rest, count=1) if begin or index else sentence_about(name, rest)
            text = (
                passage(facts.path, [replace(block, text=rest), *parts[index + 1 :]], paragraphs=2)
                if rest
                else None
            )
            if text:
                other = match["other"]
                owner = getattr(item, "class_name", "")
                if "." not in other and any(
                    f"{owner}.{other.rstrip('()')}" == one.qualname for one in facts.functions
                ):
                    other = f"{owner}.{other}"
                yield _scene(QUESTIONS, f"`{name}`", f"`{other}`", text, repo, chance)
                break


def _small(name: str, article: Article, repo: Repo) -> str:
    words = re.sub(r"(?<![\w`])\*{1,2}|\*{1,2}(?![\w`])", "", name.strip(" .,")).split()
    if not words:
        return ""
    first = (
        words[0].lower()
        if words[0] in ("A", "An", "The")
        else lowered(words[0], article.section.text, repo.title)
    )
    return " ".join([first, *words[1:]])


def _scene(
    phrasings: tuple[str, ...], one: str, other: str, text: Passage, repo: Repo, chance: Random
) -> tuple[frozenset[str], Scene]:
    question = pick(
        chance,
        phrasings,
        one=one,
        other=other,
        project=repo.title,
        does_or_do="do" if is_plural(one) else "does",
    )
    if repo.title.lower() in re.findall(r"[\w-]+", f"{one} {other}".lower()):
        question = question.replace(f" in {repo.title}", "").replace(f"In {repo.title}, ", "")
    if not question.startswith(repo.title):
        question = question[0].upper() + question[1:]
    key = frozenset(name.lower().strip("`").rpartition(".")[2] for name in (one, other))
    symbol = one.strip("`") if one.startswith("`") else ""
    return key, direct_scene(question, text.text, "comparison", spans=[text.span], symbol=symbol)
