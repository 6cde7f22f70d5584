"""How do I do this with the project?

user       How do I add a payment provider in tiny-shop?
assistant  Write a class with an asynchronous method `charge(order_number, amount)` that returns a `Receipt`. It does not have to derive from anything: `PaymentProvider` is a protocol, and any class with a fitting method satisfies it. Raise `PaymentDeclined` when the payment is refused for good and `ProviderUnreachable` when it may be tried again.
"""

import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.documents.english import first_person, is_verb, unmarked
from punie_data.documents.passages import Article, Passage, carries_scope, passage, sentences
from punie_data.documents.topics import LEANS, mentions, topic
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, direct_scene
from punie_data.tools.toolbox import Toolbox

QUESTIONS = (
    "How do I {task} in {project}?",
    "How can I {task} with {project}?",
    "In {project}, how do I {task}?",
    "What's the way to {task} in {project}?",
    "I'd like to {task} with {project}. How is that done?",
    "Can you show me how to {task} in {project}?",
    "I want to {task}. How does that work in {project}?",
    "{project} question: how can I {task}?",
)
INSIDE = (
    "In {project}, how do I {task}?",
    "{project} question: how can I {task}?",
    "I'm using {project}. How can I {task}?",
    "With {project}, how would I {task}?",
    "I'd like to {task}. How is that done with {project}?",
    "I want to {task}. How does that work in {project}?",
)
NAMED = (
    "How do I {task}?",
    "How can I {task}?",
    "What's the way to {task}?",
    "I'd like to {task}. How is that done?",
    "Can you show me how to {task}?",
    "What do I have to do to {task}?",
)
IN_ORDER_TO = re.compile(
    r"^(?:(?:To|In order to) (?P<to>[a-z][^,.:;()]{8,90}?)|If you (?:want|need|wish|would like|prefer) to (?P<want>[a-z][^,.:;()]{8,90}?)|When you (?:want|need) to (?P<when>[a-z][^,.:;()]{8,90}?)), "
    r"(?:you (?:can|could|should|need to|have to|must|may|will need to|'ll need to)|(?:simply |just |first |instead )?(?:use|call|pass|set|add|create|define|make|write|import|wrap|register|configure|override|"
    r"implement|subclass|provide|specify|run|invoke|return|raise|apply|decorate|instantiate|put|enable|install|give|open|start|replace|inherit|assign|declare|include|combine|prefix|mark))\b"
)
USE_TO = re.compile(
    r"^(?:Use|Call|Pass) (?:the )?(?P<tool>`[^`]+`)(?: \w+){0,3}? to (?P<task>[a-z][^,.:;()]{8,90}?)(?:[,.:;]| \(| if | when | before | after | and | by | with | in order)"
)
YOU_CAN = re.compile(
    r"^You can (?:also |easily |simply )?(?P<task>[a-z][^,.:;()]{8,90}?),? (?:by (?!the\b|a\b)\w+ing\b|(?:using|via|through|with) (?:the )?`)"
)
ASIDE = re.compile(r"tutorial|practi[cs]es|guideline", re.IGNORECASE)
VAGUE = re.compile(
    r"^(?:achieve|accomplish|do|work|help|learn|understand|see|know|be|have|get started|follow|read|go|take|try)\b|\b(?:is|are|a|an|the|to|of|and|or|that|be|with|for|finer control|privates|both [a-z]+|the (?:statement|function|value|result|object|class|method|block|call|argument|parameter|name))$"
)


DONE_WITH = re.compile(
    r"\b(?:you (?:can|could|should|must|may|have to|need to|will need to)|(?:via|using|through|with)|by \w+ing|use|call|pass|set|add|create|define|override|subclass|"
    r"implement|import|register|wrap|run|write|provide|specify|configure|enable|return|raise|put|make|provides)\b",
    re.IGNORECASE,
)
"""What a sentence has that says how; the means itself is code that the question doesn't name."""


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Sections whose heading names a task, and paragraphs that begin "To …," or "If you want to …,"."""
    found = list(repo.articles)
    chance.shuffle(found)
    asked: set[str] = set()
    for article in found:
        if ASIDE.search(article.path):
            continue
        for task, scene in [*_section(article, repo, chance), *_paragraphs(article, repo, chance)][:2]:
            # A section's answer may hold the paragraph's: the same instruction twice.
            first, last = map(int, scene.spans[0].rpartition(":")[2].split("-"))
            lines = {f"{article.path}:{number}" for number in range(first, last + 1)}
            if not asked & {task, *lines} and carries_scope(article.path, scene.turns[0].question):
                asked |= {task, *lines}
                yield scene


def _section(article: Article, repo: Repo, chance: Random) -> Iterator[tuple[str, Scene]]:
    about = topic(article.title, article.section.text, repo.title)
    if (
        about is None
        or about.kind == "thing"
        or (about.kind == "question" and not re.match(r"How (?:do|can|should|could)\b", about.text))
    ):
        return
    text = passage(article.path, article.blocks, with_code=True)
    if text is None or not ("```" in text.text or len(text.text) > 200):
        return
    if not says_how(text.text, about.text, repo.title):
        return
    if about.kind == "question":
        named = repo.title.lower() in about.text.lower()
        question = about.text if named else f"In {repo.title}, {about.text[0].lower()}{about.text[1:]}"
        yield about.text.lower(), direct_scene(question, text.text, "how_to", spans=[text.span])
    elif mentions(text.text, about.text) or article.title.lower().startswith("how "):
        yield about.text.lower(), _scene(about.text, text, repo, chance)


def says_how(answer: str, task: str, project: str) -> bool:
    """Whether the answer tells what to do, rather than why one would, or what the project does by itself."""
    prose = answer.partition("```")[0]
    if re.search(rf"\b{re.escape(project)}\b\W* will\b", prose, re.IGNORECASE) and not re.search(
        r"\byou", prose, re.IGNORECASE
    ):
        return False
    if "```" in answer:
        return True
    doing = task.partition(" ")[0].rstrip("e")
    for sentence in sentences(prose.replace("\n", " ")):
        means = [code for code in re.findall(r"`([^`]+)`", sentence) if code not in task]
        by = [word for word in re.findall(r"\bby (\w+)ing\b", sentence) if not word.startswith(doing)]
        if (
            by
            or re.search(r"\byou (?:can|should) use the [\w.-]+ \w+", sentence)
            or (means and DONE_WITH.search(sentence))
        ):
            return True
    return False


def _paragraphs(article: Article, repo: Repo, chance: Random) -> Iterator[tuple[str, Scene]]:
    for index, block in enumerate(article.blocks):
        if block.kind != "prose":
            continue
        opening = sentences(block.text)[0]
        match = IN_ORDER_TO.match(opening) or USE_TO.match(opening) or YOU_CAN.match(opening)
        if match is None:
            continue
        task = unmarked(
            first_person(
                next(part for name, part in match.groupdict().items() if part and name != "tool").strip()
            )
        )
        if (
            not is_verb(task.split()[0])
            or len(task.split()) > 13
            or LEANS.search(task)
            or task.count("`") % 2
            or len(task.split()) < 3
            or VAGUE.search(task)
        ):
            continue
        text = passage(article.path, article.blocks, index, with_code=True, paragraphs=1)
        if text is not None and len(text.text) > 100 and says_how(text.text, task, repo.title):
            yield task.lower(), _scene(task, text, repo, chance)


def _scene(task: str, text: Passage, repo: Repo, chance: Random) -> Scene:
    named = repo.title.lower() in re.findall(r"[\w-]+", task.lower())
    phrasings = NAMED if named else INSIDE if re.search(r" (?:in|with) ", task) else QUESTIONS
    if task.startswith("be "):  # "How do I be told …" is no English
        phrasings = tuple(phrasing for phrasing in phrasings if "do I {task}" not in phrasing)
    question = pick(chance, phrasings, task=task, project=repo.title)
    return direct_scene(question, text.text, "how_to", spans=[text.span])
