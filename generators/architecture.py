"""How do the parts of the project fit together?

user       In tiny-shop, why do rules not see each other?
assistant  A pricing rule receives the cart and nothing else. If a rule could see the discounts of the rules before it, the price would depend on the order in which the rules are listed, and two shops with the same rules could charge different amounts. Because every rule starts from the same cart, their discounts can be computed in any order and simply added up.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.documents.docstrings import FINITE_VERB, docstring_blocks, sentence_about
from punie_data.documents.english import THIRD_PERSONS, is_plural, subject
from punie_data.documents.leaning import is_loose
from punie_data.documents.markup import Block
from punie_data.documents.passages import Article, Passage, passage, sentences
from punie_data.documents.topics import lowered, noun_phrase, small_words, topic
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, direct_scene
from punie_data.tools.toolbox import Toolbox

MODULES = (
    "What is the module `{name}` of {project} responsible for?",
    "In {project}'s code base, what is `{name}` for?",
    "What lives in {project}'s `{name}` module?",
    "I'm finding my way around {project}. What is `{name}` about?",
    "Describe the role of the `{name}` module in {project}.",
    "What does the module `{name}` do in {project}?",
)
PLACES = (
    "What role {does_or_do} {thing} play in {project}'s design?",
    "How {does_or_do} {thing} fit into {project}'s architecture?",
    "Can you describe {thing} from the point of view of {project}'s design?",
    "I'm trying to understand how {project} is built. What about {thing}?",
    "In the design of {project}, what is there to know about {thing}?",
    "How {is_or_are} {thing} organised in {project}?",
)
WHOLE = (
    "Give me an overview of how {project} is structured.",
    "How is {project} built, in broad strokes?",
    "How do the parts of {project} fit together?",
    "Describe {project}'s architecture in a few sentences.",
    "I'm about to work on {project}. How is it organised?",
    "What does the architecture of {project} look like?",
)
FOUNDATIONS = ("What {is_or_are} {thing} built on in {project}?", "In {project}, what {is_or_are} {thing} based on?", "How {is_or_are} {thing} implemented in {project}?",
               "What's underneath {thing} in {project}?", "What technology or abstraction {is_or_are} {thing} in {project} built on?", "Which foundation {does_or_do} {thing} rest on in {project}?")  # fmt: skip
DUTIES = ("What {is_or_are} {thing} responsible for in {project}?", "In {project}, what {is_or_are} the job of {thing}?", "What's the responsibility of {thing} in {project}?",
          "Which part of the work {does_or_do} {thing} do in {project}?", "In {project}'s design, what {is_or_are} {thing} in charge of?", "What does {project} leave to {thing}?")  # fmt: skip
MAKE_UP = ("What {does_or_do} {thing} consist of in {project}?", "In {project}, which parts make up {thing}?", "How {is_or_are} {thing} structured in {project}?",
           "What {is_or_are} {thing} made of in {project}?", "Break {thing} in {project} down into {possessive} parts for me.", "Which pieces {does_or_do} {thing} have in {project}?")  # fmt: skip
INSIDE = ("What happens inside {thing} in {project}?", "How {does_or_do} {thing} work internally in {project}?", "In {project}, what goes on under the hood of {thing}?",
          "What {does_or_do} {thing} rely on internally in {project}?", "How {is_or_are} {thing} implemented in {project}?", "Under the hood, how {does_or_do} {thing} work in {project}?")  # fmt: skip
RELATIONS = (
    (FOUNDATIONS, re.compile(r" (?:is|are) (?:\w+ )?(?:built|based|layered|implemented|modell?ed|constructed) (?:directly )?(?:on|upon|on top of|around|using|in terms of|as|with)\b")),
    (DUTIES, re.compile(r" (?:is|are) (?:\w+ )?(?:responsible for|in charge of)\b|'s (?:job|responsibility|role|task) is to\b")),
    (MAKE_UP, re.compile(r" (?:consists? of|(?:is|are) (?:made up|composed|comprised) of|(?:is|are) (?:split|divided|organi[sz]ed|separated|structured) into|has (?:two|three|four|five) (?:main |major )?(?:parts|layers|components|pieces|phases|stages))\b")),
    (INSIDE, re.compile(r" (?:internally|under the hood|behind the scenes) | (?:wraps?|delegates?|forwards?|dispatches) (?:to )?(?:the |a |an |all )?[`\w]")),
)  # fmt: skip
PAGES = re.compile(
    r"architect|design|internal|how[-_ ]it[-_ ]works|overview|structure|lifecycle|life cycle|under the hood|data[-_ ]?flow|components|anatomy|in-?depth|indepth|concepts|explanation|layers|levels",
    re.IGNORECASE,
)
NAMELESS = frozenset(
    [
        "solution",
        "way",
        "approach",
        "method",
        "option",
        "thing",
        "result",
        "alternative",
        "file",
        "files",
        "answer",
        "idea",
        "point",
        "reason",
    ]
)
"""Words that name something only beside the sentence before: "the recommended solution"."""
POINTS = re.compile(
    r"(?:the|an?) (?:suite|workflow|handler|process|system|function|object|instance|value|command|script|tool|wrapper|helper|string|project|module|package|"
    r"(?:lower|upper|inner|outer|first|second|other|new|old) \w+)",
    re.IGNORECASE,
)
"""What only its page tells apart from others: "the lower layer", "a workflow"."""
HOLDS = re.compile(
    r"^(`[^`]+`) is ((?:the|an?) (?:(?!of\b)[\w`]+ ){0,4}?(?:class|classes|functions?|exceptions?|decorators?|helpers|utilities)\b)"
)
"""A module is no class: it holds it."""
ASKS = re.compile(r"^(How|Why|Where|When|What) (?!to\b|do\b|can\b|not\b)(.+)$")
WHOLE_TITLE = re.compile(
    r"(?:(?:the )?(?:architecture|design|overview|structure|internals|layers|components|how it works|project (?:layout|structure|overview)|design overview|architecture overview|high-level (?:overview|design)|internal architecture))(?: of \w+)?",
    re.IGNORECASE,
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Pages about the design, sentences that say what rests on what, and what modules say of themselves."""
    found = list(repo.articles)
    chance.shuffle(found)
    pages = [
        article
        for article in found
        if PAGES.search(" ".join((article.path, *article.section.parents, article.title)))
    ]
    asked: set[str] = set()
    sources = (
        *(_explained(article, repo) for article in found),
        *(_page(article, repo, chance) for article in pages),
        *(_relations(article, repo, chance) for article in found),
    )
    modules = _modules(repo, chance)
    for index, scenes in enumerate(sources):
        for key, scene in scenes:
            if key not in asked:
                asked.add(key)
                yield scene
        if index % 3 == 2 and (module := next(modules, None)):
            yield module
    yield from modules


def _page(article: Article, repo: Repo, chance: Random) -> Iterator[tuple[str, Scene]]:
    if "tutorial" in article.path.lower():
        return
    text = passage(article.path, article.blocks)
    if text is None or len(text.text) < 140:
        return
    title = article.title.strip("* ")
    if WHOLE_TITLE.fullmatch(title) and _is_about_the_whole(article, repo):
        yield (
            "",
            direct_scene(
                pick(chance, WHOLE, project=repo.title), text.text, "architecture", spans=[text.span]
            ),
        )
    elif re.search(
        r"architect|design|internal|how[-_ ]it[-_ ]works",
        f"{article.path} {' '.join(article.section.parents)}",
        re.IGNORECASE,
    ):
        about = topic(title, article.section.text, repo.title)
        thing = noun_phrase(about, article.section.text) if about and about.kind == "thing" else ""
        if (
            about
            and thing
            and not thing.startswith(("a ", "an "))
            and about.text.split()[-1].lower()[:5] in text.text.lower()
        ):
            yield thing.lower(), _scene(PLACES[:5], thing, about.is_plural, text, repo, chance)


def _is_about_the_whole(article: Article, repo: Repo) -> bool:
    """Whether an "Overview" is the project's and not that of one of its parts: nothing stands above it but the project or its architecture."""
    return all(
        parent.strip("*` ").lower().startswith(repo.title.lower())
        or re.search(r"architect|design|internal", parent, re.IGNORECASE)
        for parent in article.section.parents
    ) and not (article.section.parents == () and "/" in article.path and not PAGES.search(article.path))


def _explained(article: Article, repo: Repo) -> Iterator[tuple[str, Scene]]:
    question = _asked(article.title.strip("* "), article, repo)
    text = (
        passage(article.path, article.blocks) if question and "tutorial" not in article.path.lower() else None
    )
    if text is not None and len(text.text) >= 140:
        yield question.lower(), direct_scene(question, text.text, "architecture", spans=[text.span])


def _asked(title: str, article: Article, repo: Repo) -> str:
    """A heading such as "How an order is placed" or "Why rules do not see each other", as the question that it answers."""
    match = ASKS.match(title.rstrip("?"))
    if match is None or title.endswith("?"):
        return ""
    clause = small_words(match[2], article.section.text, repo.title)
    named = subject(f"{clause} .") or subject(clause)
    rest = clause[len(named) :].split()
    if not named or not rest:
        return ""
    verb = rest[0].lower()
    negative = rest[1:2] == ["not"]
    if verb in ("is", "are", "was", "were", "can", "should", "must", "will", "does", "do", "has", "have"):
        moved, tail = verb, rest[1:]
    elif verb in THIRD_PERSONS:
        moved, tail = "does", [THIRD_PERSONS[verb], *rest[1:]]
    elif is_plural(named):
        moved, tail = "do", rest
    else:
        return ""
    if (negative and (moved != verb or len(rest) == 2)) or not tail or rest[-1].lower() in NAMELESS:
        return ""
    inside = "" if repo.title.lower() in clause.lower() else f"In {repo.title}, "
    word = match[1].lower() if inside else match[1]
    return f"{inside}{word} {moved} {named} {' '.join(tail)}?"


def _relations(article: Article, repo: Repo, chance: Random) -> Iterator[tuple[str, Scene]]:
    if "tutorial" in article.path.lower() or "/" not in article.path:
        return
    for index, block in enumerate(article.blocks):
        if block.kind != "prose":
            continue
        for phrasings, pattern in RELATIONS:
            if pattern.search(block.text):
                yield from _related(article, index, block, phrasings, pattern, repo, chance)
                break


def _related(
    article: Article,
    index: int,
    block: Block,
    phrasings: tuple[str, ...],
    pattern: re.Pattern[str],
    repo: Repo,
    chance: Random,
) -> Iterator[tuple[str, Scene]]:
    every = sentences(block.text)
    for position, sentence in enumerate(every):
        match = pattern.search(sentence)
        if match is None or is_loose(sentence.rstrip(":")):
            continue
        named = sentence[: match.start()] if "'s " in match[0] else subject(sentence)
        if (
            not named
            or len(named.split()) > 5
            or not sentence.startswith(named)
            or match.start() > len(named) + 12
            or named.count("`") % 2
        ):
            continue
        text = passage(
            article.path,
            [replace(block, text=" ".join(every[position:])), *article.blocks[index + 1 :]],
            paragraphs=1,
        )
        thing = _small(named, article, repo)
        if (
            text is None
            or len(text.text) < 100
            or thing.lower().strip("*_`") == repo.title.lower()
            or thing.split()[-1].lower() in (*NAMELESS, "itself", "themselves")
            or (POINTS.fullmatch(thing) is not None)
            or (" " in thing and thing.split()[0] in ("it", "its"))
        ):
            continue
        yield thing.lower(), _scene(phrasings, thing, is_plural(thing), text, repo, chance)
        return


def _modules(repo: Repo, chance: Random) -> Iterator[Scene]:
    found = [
        facts
        for facts in repo.sources
        if len(facts.docstring) >= 80
        and not any(part.strip("_").startswith("test") for part in facts.module.split("."))
    ]
    chance.shuffle(found)
    for facts in found:
        # What no documentation speaks of, one would look up.
        if repo.articles and facts.module not in repo.documented:
            continue
        parts = docstring_blocks(repo.lines(facts.path), facts.docstring)
        if len(parts) > 1 and parts[1].kind == "other":
            parts = parts[2:]  # a title with its underline
        parts = _told(facts.module, parts)
        text = passage(facts.path, parts) if parts else None
        if text is None or re.match(
            r"(?:copyright|licen[sc]e|author|:|usage|\w+ \w+$|.{0,40} module\.?$)", text.text, re.IGNORECASE
        ):
            continue
        yield direct_scene(
            pick(chance, MODULES, name=facts.module, project=repo.title),
            text.text,
            "architecture",
            spans=[text.span],
            symbol=facts.module,
        )


def _told(module: str, parts: list[Block]) -> list[Block]:
    """The docstring from its first sentence on, which may lack its verb: "Parser of tags." is "`a.b` is a parser of tags."; [] where it can't be told."""
    if not parts or parts[0].kind != "prose":
        return []
    opening = sentences(parts[0].text)[0]
    if re.match(r"this (?:module|package)\b", opening, re.IGNORECASE):
        return parts
    if opening.startswith("*") or re.search(r" [-–—] ", opening[:60]):
        return []
    if subject(opening) or FINITE_VERB.search(
        re.split(r"\b(?:that|which|who|where|when|used)\b|[,(]", opening)[0]
    ):
        return parts
    about = sentence_about(module, parts[0].text)
    if about:
        about = HOLDS.sub(r"\1 holds \2", about)
        return [replace(parts[0], text=about), *parts[1:]]
    if len(parts) > 1 and re.match(r"this (?:module|package) ", parts[1].text, re.IGNORECASE):
        return parts[1:]
    return []


def _small(name: str, article: Article, repo: Repo) -> str:
    words = name.replace("**", "").split()
    first = (
        words[0].lower()
        if words[0] in ("A", "An", "The")
        else lowered(words[0], article.section.text, repo.title)
    )
    return " ".join([first, *words[1:]])


def _scene(
    phrasings: tuple[str, ...], thing: str, plural: bool, text: Passage, repo: Repo, chance: Random
) -> Scene:
    question = pick(
        chance, phrasings, thing=thing, project=repo.title, is_or_are="are" if plural else "is", does_or_do="do" if plural else "does",
        possessive="their" if plural else "its",
    )  # fmt: skip
    return direct_scene(question, text.text, "architecture", spans=[text.span])
