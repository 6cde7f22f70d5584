"""What is advised here, and what had better be avoided?

user       With tiny-shop, is it better to replace the cart by a mock when testing a pricing rule or not?
assistant  Do not replace the cart by a mock when testing a pricing rule. A cart over the sample catalogue is made in one line, and a test with a real cart also notices when a rule relies on something that the cart does not promise.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.documents.docstrings import THIS, docstring_blocks
from punie_data.documents.english import GERUNDS, THIRD_PERSONS, first_person, is_verb, unmarked
from punie_data.documents.markup import Block
from punie_data.documents.passages import Article, Passage, carries_scope, passage, sentences
from punie_data.documents.topics import LEANS, Topic, mentions, noun_phrase, topic
from punie_data.scenario.phrase import pick, sentence
from punie_data.scenario.scene import Scene, direct_scene
from punie_data.tools.toolbox import Toolbox

CARE_TASK = (
    "What should I keep in mind when {doing} in {project}?",
    "Is there anything to watch out for when {doing} in {project}?",
    "Any advice on {doing} in {project}?",
    "In {project}, what should I pay attention to when {doing}?",
    "What do I have to be careful about when {doing} with {project}?",
    "What does good practice look like when {doing} in {project}?",
)
CARE_THING = (
    "What should I keep in mind about {thing} in {project}?",
    "Is there anything to watch out for with {thing} in {project}?",
    "Any advice on {thing} in {project}?",
    "In {project}, what should I be careful about with {thing}?",
    "What are good practices for {thing} in {project}?",
    "What do I need to be aware of with {thing} in {project}?",
)
PRACTICE = (
    "What is good practice for {thing} with {project}?",
    "What do the {project} docs recommend about {thing}?",
    "What's the recommendation on {thing} in {project}?",
    "Which best practices are there for {thing} with {project}?",
    "How do the makers of {project} recommend to approach {thing}?",
    "In {project}, what are the best practices for {thing}?",
)
WHETHER = (
    "Is it a good idea to {task} in {project}?",
    "Should I {task} in {project}?",
    "In {project}, is it advisable to {task}?",
    "In {project}, should I {task}?",
    "With {project}, is it better to {task} or not?",
    "{project}: is it good practice to {task}?",
)
WHY = (
    "Why should I {task} in {project}?",
    "In {project}, why is it good practice to {task}?",
    "What's the reason to {task} in {project}?",
    "What speaks for {doing} in {project}?",
    "Is it good practice to {task} in {project}, and why?",
    "Why do people recommend {doing} in {project}?",
)
PREFER = (
    "In {project}, should I use {one} or {other}?",
    "{one} or {other} in {project}: which is preferred?",
    "Is {one} or {other} recommended in {project}?",
    "Which should I prefer in {project}, {one} or {other}?",
    "What does {project} recommend, {one} or {other}?",
    "What's better in {project}: {one} or {other}?",
)
ADVICE = re.compile(
    r"\b(?:(?:should|must)(?:n't| not| never| always| only)? (?!also\b|work\b|look\b|see\b|be able\b|now\b|have been\b|enable\b|error\b|be that\b|suffice\b)(?:be )?\w+|recommend(?:ed|s)|discouraged|make sure|be (?:very )?careful|beware|"
    r"best practice|good (?:practice|idea)|bad idea|better to|best to|advisable|not safe|unsafe|insecure|dangerous|keep in mind|ensure that)\b"
    r"|(?:^|[.;:] |, )(?:[Dd]o not|[Dd]on't|[Nn]ever|[Aa]lways|[Aa]void|[Pp]refer) (?!want|need|have|worry|forget)\w+"
)
TOLD = re.compile(
    r"\b(?:you (?:should|must)|(?:should|must)(?:n't| not| only| never| always)|recommended|discouraged|make sure|careful|unsafe|insecure|not safe|good idea|bad idea|best practice|"
    r"beware|dangerous)\b|(?:^|[.;:] )(?:Avoid|Never|Do not|Don't|Always|Prefer) (?!need|have|want)"
)
"""What in a docstring is advice: "must be an integer" describes a parameter."""
DESCRIBED = re.compile(
    r"\b(?:that|which|who|when|where|how|if|whether|regarding) (?!you\b|we\b)(?:[\w`'-]+ ){0,3}?(?:should|must)(?:n't| not)?\b|\bor should\b"
    r"|\b(?:should|must)(?:n't| not)? (?:error|feel|fall|happen|appear|(?:still |then )?be (?:handled|treated|interpreted|understood|considered|able))\b"
    r"|\bto (?:ensure|make sure)\b|\b(?:to|and|helps?) avoid\w* [^.,;]{0,40}?\b(?:unsafe|insecure|dangerous)\b",
    re.IGNORECASE,
)
"""A "should" that tells how things are: "when blank lines should appear", "the file should still be handled". It advises nobody."""
OPTION = re.compile(r"--?[a-z][\w-]*(?:[ ,/`]+--?[a-z][\w-]*)*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
"""A heading that is an option or a setting: "Don't write the files back" below it says what it does, and advises nobody."""
NO_TASK = (
    "see",
    "read",
    "note",
    "refer",
    "check",
    "get",
    "have",
    "be",
    "do",
    "find",
    "know",
    "notice",
    "receive",
    "expect",
    "evaluate",
    "consider",
    "try",
)
WARNINGS = ("warning", "caution", "danger", "important", "attention")
NEGATIVE = re.compile(
    r"^(?P<negative>Avoid|Never|Do not|Don't|You should(?:n't| not)|You must(?:n't| not)|You (?:should|must) never|It is (?:not recommended|discouraged|a bad idea|not a good idea|not advisable) to) (?P<task>[a-z`][^.:;()]{8,110}?)(?P<end>[.:;,(]| because | since | unless | as | or you)"
)
POSITIVE = re.compile(
    r"^(?:Always|Make sure to|Be sure to|You should(?: always| usually| generally| typically)?|It is (?:strongly |highly |generally )?(?:recommended|best|advisable|advised|a good idea|good practice|best practice|preferable|better) to|It's (?:recommended|best|a good idea|good practice|better) to|Remember to|Prefer to) "
    r"(?P<task>[a-z][^.:;()]{8,110}?)(?P<end>[.:;,(]| because | since | unless | as | so that | instead of )"
)
OVER = re.compile(
    r"(?:^Prefer|\bprefer) (?:the |using |to use )?(?P<one>`[^`]+`|[a-z-]+(?: [a-z-]+){0,2}) (?:over|to|instead of|rather than) (?:the |using )?(?P<other>`[^`]+`|[a-z-]+(?: [a-z-]+){0,2})(?=[.,;:(]| (?:if|when|because|since|for|as|where|in)\b)"
)
DANGLING = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "because",
        "but",
        "by",
        "for",
        "from",
        "if",
        "in",
        "into",
        "like",
        "of",
        "on",
        "or",
        "so",
        "such",
        "than",
        "that",
        "the",
        "to",
        "unless",
        "when",
        "where",
        "which",
        "while",
        "with",
    ]
)
"""What a task can't end with: the sentence went on in a way that was not understood."""
USE_NOT = re.compile(r"^Use (?:the )?(?P<one>`[^`]+`)(?: \w+)? instead of (?:the )?(?P<other>`[^`]+`)")
PAGES = re.compile(
    r"best[- _]?practi|good[- _]?practi|goodpract|guideline|recommend|pitfall|gotcha|do'?s and|antipattern|anti-pattern",
    re.IGNORECASE,
)
REASON = re.compile(
    r"\b(?:because|so that|since|otherwise|therefore|which (?:means|makes|allows)|as it|in order to|due to|helps?|ensures?|prevents?|easier|avoid)\b|;"
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Pages of advice, sentences that advise, notes and warnings; then docstrings that warn."""
    found = list(repo.articles)
    chance.shuffle(found)
    found.sort(key=lambda article: not PAGES.search(f"{article.path} {article.title}"))
    asked: set[str] = set()
    for article in found:
        if "tutorial" in article.path.lower():
            continue
        for key, scene in _article(article, repo, chance)[:2]:
            if key not in asked and carries_scope(article.path, scene.turns[0].question):
                asked.add(key)
                yield scene
    yield from _docstrings(repo, chance)


def advises(text: str, wanted: re.Pattern[str] = ADVICE) -> bool:
    """Whether the prose says what (not) to do, and not only how things are; comments in its code advise nobody."""
    prose = re.sub(r"```.*?(?:```|\Z)", " ", text, flags=re.DOTALL)
    return bool(wanted.search(DESCRIBED.sub(" ", prose)))


def _article(article: Article, repo: Repo, chance: Random) -> list[tuple[str, Scene]]:
    if OPTION.fullmatch(article.title.strip("`* ")) or (
        not advises(article.section.text) and not PAGES.search(article.path)
    ):
        return []
    about = topic(article.title, article.section.text, repo.title)
    scenes: list[tuple[str, Scene]] = []
    text = passage(article.path, article.blocks, with_code=True)
    if about and text and advises(text.text):
        if about.kind == "question" and about.text.startswith("Should "):
            scenes.append(
                (
                    about.text,
                    direct_scene(_within(about.text, repo), text.text, "best_practice", spans=[text.span]),
                )
            )
        if (
            about.kind == "task"
            and PAGES.search(" ".join((article.path, *article.section.parents)))
            and REASON.search(text.text)
        ):
            scenes.append((about.text, _ask(WHY, text, repo, chance, task=about.text, doing=about.doing)))
    if (
        about
        and text
        and about.kind != "question"
        and not scenes
        and PAGES.search(f"{article.path} {' '.join(article.section.parents)}")
    ):
        thing = about.doing or noun_phrase(about, article.section.text)
        if thing and len(text.text) >= 140 and (about.kind == "task" or mentions(text.text, about.text, 0.5)):
            scenes.append((about.text, _ask(PRACTICE, text, repo, chance, thing=thing)))
    for index, block in enumerate(article.blocks):
        if block.kind == "prose":
            scenes += _sentence(article, index, block, repo, chance)
        if (
            about
            and about.kind != "question"
            and ((block.kind == "note" and block.whole) or block.kind == "prose")
        ):
            scenes += _topical(article, index, about, repo, chance)
    return scenes


def _sentence(
    article: Article, index: int, block: Block, repo: Repo, chance: Random
) -> Iterator[tuple[str, Scene]]:
    """A sentence that says what (not) to do is the answer to whether one should."""
    every = sentences(block.text)
    for position, told in enumerate(every):
        match = NEGATIVE.match(told) or POSITIVE.match(told)
        goes_on = match and re.match(r" (?:or|and)\b", told[match.end() :])
        task = _task(match) if match and not goes_on else ""
        pair = OVER.search(told) or USE_NOT.match(told)
        if not task and not pair:
            continue
        rest = [replace(block, text=" ".join(every[position:])), *article.blocks[index + 1 :]]
        text = passage(article.path, rest, paragraphs=1)
        if text is None or told not in text.text:
            continue
        if pair and (("`" in pair["one"] and "`" in pair["other"]) or not LEANS.search(pair[0])):
            sides = [pair["one"], pair["other"]]
            chance.shuffle(sides)
            yield " ".join(sorted(sides)), _ask(PREFER, text, repo, chance, one=sides[0], other=sides[1])
        elif task and (text.text != told or REASON.search(told)):
            # A bare "You should do this" says no more than the question.
            yield task, _ask(WHETHER, text, repo, chance, task=task)
        return


def _task(match: re.Match[str]) -> str:
    """What the sentence tells to do or not to do, as a verb phrase in the first person; "" where it leans on its neighbours."""
    words = first_person(match["task"].strip()).split()
    if match.groupdict().get("negative") == "Avoid":
        if words[0] not in GERUNDS:
            return ""
        words[0] = GERUNDS[words[0]]
    task = " ".join(words)
    if (
        not is_verb(words[0])
        or words[-1].lower() in DANGLING
        or not 3 <= len(words) <= 16
        or LEANS.search(task)
        or task.count("`") % 2
        or words[0] in NO_TASK
    ):
        return ""
    return task


def _topical(
    article: Article, index: int, about: Topic, repo: Repo, chance: Random
) -> Iterator[tuple[str, Scene]]:
    """Advice about what the heading names."""
    block = article.blocks[index]
    if not advises(block.text):
        return
    rest = (
        [replace(block, kind="prose"), *article.blocks[index + 1 :]]
        if block.kind == "note"
        else article.blocks[index:]
    )
    text = passage(article.path, rest, paragraphs=1)
    if (
        text is None
        or not advises(text.text)
        or not mentions(text.text, about.text, 0.5)
        or len(text.text) < 110
    ):
        return
    if about.kind == "task":
        yield about.text, _ask(CARE_TASK, text, repo, chance, doing=about.doing)
    else:
        thing = noun_phrase(about, article.section.text)
        if thing and not thing.startswith(("a ", "an ")):
            yield about.text, _ask(CARE_THING, text, repo, chance, thing=thing)


def _docstrings(repo: Repo, chance: Random) -> Iterator[Scene]:
    found = [
        (facts, item)
        for facts in repo.sources
        for item in (*facts.classes, *facts.functions)
        if not item.is_nested and len(item.docstring) > 150 and advises(item.docstring, TOLD)
    ]
    chance.shuffle(found)
    for facts, item in found:
        if (
            re.search(r"(?:^|\.)_", item.qualname)
            or _is_test(facts.path)
            or item.qualname.count(".") > 1
            or len(repo.definitions.get(item.qualname.partition(".")[0], ())) > 1
        ):
            continue
        name = item.qualname
        parts = docstring_blocks(repo.lines(facts.path), item.docstring, item.docstring_line)
        for index, block in enumerate(parts):
            if block.kind == "fields":
                break
            if (
                block.kind not in ("prose", "note")
                or not block.whole
                or not advises(block.text, TOLD)
                or (index == 0 and block.kind == "prose")
            ):
                continue
            told = with_subject(name, block.text)
            text = passage(
                facts.path,
                [replace(block, kind="prose", text=told), *parts[index + 1 :]],
                paragraphs=1,
                most_sentences=5,
            )
            if text and advises(text.text, TOLD) and len(text.text) >= 110:
                yield _ask(CARE_THING, text, repo, chance, thing=f"`{name}`", symbol=name)
                break


def with_subject(name: str, text: str) -> str:
    """ "This class should …" and "Returns a pool." with the name for their subject: nothing before the answer tells it."""
    told = THIS.sub(f"`{name}`", text, count=1)
    first, _, rest = told.partition(" ")
    # "Calls should be …" has its subject; "Calls the hook." lacks one.
    lacks = first.istitle() and first.lower() in THIRD_PERSONS
    lacks = lacks and re.match(r"(?:an?|the|both|all|any|each|every|whether)\b|`", rest)
    return f"`{name}` {first.lower()} {rest}" if lacks else told


def _is_test(path: str) -> bool:
    return any(part.strip("_") in ("test", "tests", "testing") for part in path.split("/")[:-1])


def _within(question: str, repo: Repo) -> str:
    return (
        question
        if repo.title.lower() in question.lower()
        else f"In {repo.title}, {question[0].lower()}{question[1:]}"
    )


def unrepeated(phrasings: tuple[str, ...], said: str) -> tuple[str, ...]:
    """Those that don't say "working with blueprints with Flask" or "in other frameworks in Starlette"."""
    twice = [f"}} {word} {{project}}" for word in ("in", "with") if f" {word} " in f"{said} "]
    return tuple(phrasing for phrasing in phrasings if not any(end in phrasing for end in twice))


def _ask(
    phrasings: tuple[str, ...], text: Passage, repo: Repo, chance: Random, symbol: str = "", **words: str
) -> Scene:
    words = {name: unmarked(value) for name, value in words.items()}
    said = " ".join(words.values())
    question = pick(chance, unrepeated(phrasings, said), project=repo.title, **words)
    if repo.title.lower() in re.findall(r"[\w-]+", said.lower()):
        for opening in (f"In {repo.title}, ", f"With {repo.title}, ", f"{repo.title}: "):
            question = sentence(question.removeprefix(opening))
        for end in (f" in {repo.title}", f" with {repo.title}"):
            question = question.replace(f"{end}?", "?").replace(f"{end}:", ":").replace(f"{end},", ",")
    return direct_scene(question, text.text, "best_practice", spans=[text.span], symbol=symbol)
