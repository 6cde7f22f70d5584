"""What does a word of the project's documentation mean?

user       I'm new to tiny-shop. What is a reservation?
assistant  A reservation holds pieces of the stock while an order is being paid. It lasts as long as the `with` block of `Inventory.reserved`. When the block ends well the pieces are sold; when it raises they go back to the stock.
"""

import re
import sys
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.documents.english import GERUNDS, is_mass, is_plural
from punie_data.documents.leaning import is_loose
from punie_data.documents.passages import (
    MAXIMUM,
    MINIMUM,
    Article,
    Passage,
    a_few_sentences,
    carries_scope,
    opens_loosely,
    passage,
    sentences,
)
from punie_data.documents.topics import lowered, mentions, noun_phrase, topic
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, direct_scene
from punie_data.tools.toolbox import Toolbox

MEANING = (
    "What {is_or_are} {thing} in {project}?",
    "In {project}, what {is_or_are} {thing}?",
    "What does {project} mean by {quoted}?",
    "The {project} docs keep mentioning {quoted}. What does it mean?",
    "Quick one: what {is_or_are} {thing} in {project}?",
    "I'm new to {project}. What {is_or_are} {thing}?",
    "Can you explain what {thing} {is_or_are} in {project}?",
    "{project} newcomer here. What exactly {is_or_are} {thing}?",
)
WORKING = (
    "How {does_or_do} {thing} work in {project}?",
    "Can you explain {thing} in {project}?",
    "What should I know about {thing} in {project}?",
    "Explain {thing} in {project} to me in a few sentences.",
    "I'm learning {project}. How {does_or_do} {thing} work?",
    "In {project}, how {does_or_do} {thing} work?",
    "Give me a short explanation of {thing} in {project}.",
)
PURPOSE = (
    "What is {thing} for in {project}?",
    "In {project}, what does {thing} do?",
    "What's the purpose of {thing} in {project}?",
    "Can you explain {thing} in {project}?",
    "What should I know about {thing} in {project}?",
    "I came across {thing} in {project}. What is it for?",
)
INDEFINITE = (
    "How does {thing} work in {project}?",
    "In {project}, how does {thing} work?",
    "I'm learning {project}. How does {thing} work?",
)
PROJECT = (
    "What is {project}?",
    "What is {project}, in a few sentences?",
    "I've never used {project}. What is it?",
    "What is {project} for?",
    "Explain to a newcomer what {project} is.",
    "A colleague suggested {project}. What is it, in short?",
)
ASIDE = re.compile(r"tutorial|architect|internals", re.IGNORECASE)
DEFINITION = re.compile(
    r"^(?P<subject>(?:(?:An?|The) )?(?:[\w`*.'()/@+-]+ ){0,3}[\w`*.'()/@+-]+?)(?: \((?P<short>[A-Z]{2,6})\))?,? (?P<verb>is|are|refers? to|represents?|means|describes?) "
    r"(?P<rest>.{25,})"
)
PRAISE = re.compile(
    r"one of the most (?:[\w-]+ )*?(?:packages|projects)\b|an? (?:[\w-]+,? (?:and )?){1,4}project\b"
)
HEDGE = r"(?:(?:basically|simply|just|essentially|really|usually|typically|generally|effectively|normally|in fact|nothing (?:more|else) than) )?"
IS_DEFINED = re.compile(
    rf"{HEDGE}(?:an? (?!(?:good|bad|common|great|nice|bit|lot|little|few|must|matter|complex|mistake|no-op|valid|must-have)\b)|one of the|any |what |where |"
    r"the (?:[\w`'’-]+ ){1,4}?(?:that|which|of|for|about|behind|from|used|by which|in which|where|between|responsible)\b)"
)
ARE_DEFINED = re.compile(
    rf"{HEDGE}(?:an? |one of the|what |where |the (?:[\w`-]+ ){{1,4}}?(?:that|which|of|for|used|by which|in which|where)\b|"
    r"(?:(?!\w+ed\b|to\b|not\b|in\b|\d)[\w`-]+ ){0,2}?(?!\w+less )(?:[\w`-]+s|code|data|middleware) (?:that|which|who|used|for|of|to|with|containing|responsible|designed|whose|where)\b)"
)
POINTS = re.compile(
    r"The (?:property|attribute|option|setting|decorator|callback|flag|field|handler|instance|suite|server|command|script|tool|page|button|process|string|tag|keyword|wrapper|helper|system|engine)"
)
"""A subject that only its page tells apart from others: "The property is a string-like object …"."""
NO_TERM = re.compile(
    r"[-–—:]$|^(?:class|how|why) |^(?:the |an? )?(?:default|main|only|first|second|third|next|last|other|others|same|follow\w+|above|below|results?|reasons?|ideas?|problems?|goals?|points?|purpose|differences?|"
    r"advantages?|disadvantages?|benefits?|drawbacks?|\w*est|best|most|least|more|less|ones?|two|three|four|five|all|each|every|everything|some|many|few|any|anything|both|either|neither|such|"
    r"another|solutions?|answers?|questions?|key|tricks?|examples?|alternatives?|recommended|preferred|correct|right|wrong|important|good|common|usual|typical|basic|general|great|"
    r"big|small|simple|new|old|current|original|latter|former|return|values?|arguments?|parameters?|names?|types?|order|numbers?|outputs?|inputs?|code|methods?|functions?|class|classes|"
    r"objects?|files?|lines?|lists?|docs?|documentation|library|package|module|project|what|this|that|these|those|it|there|here|they|we|you|i|he|she|who|which|if|when|while|since|because|"
    r"although|once|after|before|for|in|on|at|by|with|to|from|as|note|please|nothing|something|anyone|anybody|everyone|someone|instead|however|also|but|and|or|so|then|now|thus|"
    r"not|no|yes|using|making|having|doing|getting|calling|one way|another way|way|ways|case|cases|thing|things|part|parts|rest|fact|latest|message|catch|downside|upside|"
    r"behaviou?r|approach|intention|rule|aim|motivation|rationale|algorithm|implementation|signature|syntax|structure|format|location|possible|available|internally|optionally|additional\w*|"
    r"sometimes|often|usually|generally|finally|secondly|unlike|like|under|within|inside|without|despite|during|given|let|use|see|easy|writing|sync|async|it's|that's|usage|output|setup|support|result|work|works|context|variables?|user|users|app|application|\w+ly)\b"
    r"|\b(?:is|are|which|that|this|these|our|your|my|their|its|you|we|above|below|following|example|of|not|where|if|when|and|or|itself|internally|field|fields|key|keys|\w+ly)\b|['’]s$|^`?\d",
    re.IGNORECASE,
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Definitions first ("A reservation is …"), then sections about one thing, and headings that are questions."""
    found = list(repo.articles)
    chance.shuffle(found)
    asked: set[str] = set()
    for article in found:
        if ASIDE.search(article.path):
            continue
        scenes = [
            *_questions(article, repo, chance),
            *_definitions(article, repo, chance),
            *_sections(article, repo, chance),
        ]
        for key, scene in scenes[:2]:
            # Two ways to the same passage ask the same thing twice.
            begins = {span.rpartition("-")[0] for span in scene.spans}
            if not asked & {key, *begins} and carries_scope(article.path, scene.turns[0].question):
                asked |= {key, *begins}
                yield scene


def _definitions(article: Article, repo: Repo, chance: Random) -> Iterator[tuple[str, Scene]]:
    for index, block in enumerate(article.blocks):
        if block.kind == "definition" and block.whole:
            yield from _term(article, index, repo, chance)
        if block.kind != "prose":
            continue
        match = DEFINITION.match(block.text)
        if (
            match is None
            or NO_TERM.search(match["subject"])
            or POINTS.fullmatch(match["subject"])
            or not _defines(match)
        ):
            continue
        if match["rest"].startswith("what it sounds like"):
            continue
        thing = _subject(match["subject"], article, repo.title)
        text = passage(article.path, article.blocks, index, paragraphs=2)
        if (
            text is None
            or not thing
            or ("/" not in article.path and thing.strip("`*").lower() != repo.title.lower())
        ):
            continue
        plural = match["verb"] in ("are", "represent", "refer to", "describe")
        if thing.strip("`*").lower() == repo.title.lower():
            # "A mature and well-tested project" is what every project is.
            if match["verb"] == "is" and not PRAISE.match(match["rest"]):
                phrasings = PROJECT if a_few_sentences(text.text) else _not_few(PROJECT)
                yield (
                    "",
                    direct_scene(
                        pick(chance, phrasings, project=repo.title), text.text, "concept", spans=[text.span]
                    ),
                )
            continue
        words = thing.lower().split()
        if repo.title.lower() in words or (len(words) > 1 and words[0] in GERUNDS):
            continue
        yield thing.lower(), _scene(MEANING, thing, plural, text, repo, chance)


def _defines(match: re.Match[str]) -> bool:
    if match["verb"] in ("is", "are"):
        return (IS_DEFINED if match["verb"] == "is" else ARE_DEFINED).match(match["rest"]) is not None
    return True


def _term(article: Article, index: int, repo: Repo, chance: Random) -> Iterator[tuple[str, Scene]]:
    """An entry of a glossary. API references define lists as well: their terms are signatures, and their texts no sentences."""
    block = article.blocks[index]
    every = sentences(block.text.partition("\n\n")[0])
    if (
        len(block.mark.split()) > 4
        or not re.fullmatch(r"[\w *`'-]+", block.mark)
        or any(map(is_loose, every))
        or "```" in block.text
    ):
        return
    if (
        not block.text.endswith((".", "!"))
        or not MINIMUM <= len(block.text) <= MAXIMUM
        or opens_loosely(every[0])
    ):
        return
    thing = _subject(block.mark, article, repo.title)
    if thing and "glossar" in f"{article.path} {article.title}".lower():
        yield (
            thing.lower(),
            _scene(
                MEANING,
                f'"{thing}"' if " " in thing else thing,
                False,
                Passage(article.path, block.text, block.first, block.last),
                repo,
                chance,
            ),
        )


def _sections(article: Article, repo: Repo, chance: Random) -> Iterator[tuple[str, Scene]]:
    about = topic(article.title, article.section.text, repo.title)
    if about is None or about.kind != "thing":
        return
    thing = noun_phrase(about, article.section.text)
    text = passage(article.path, article.blocks)
    if text is None or not thing or len(text.text) < 140:
        return
    opening = sentences(text.text)[0]
    if (
        not mentions(opening, about.text)
        or re.match(r"(?:To|If|In order to|For) ", opening)
        or opening.endswith("as follows:")
        or article.section.level > 4
    ):
        return
    if thing.strip("`").lower() == repo.title.lower() or not _is_known(thing, repo):
        return
    if thing.strip("`") in sys.stdlib_module_names:
        return
    if re.search(r"\bclass \w|\bdocumentation$", thing) or re.match(r"[`*\w]+ [-–] ", opening):
        return
    if opening.startswith(f"`{about.text}`"):
        thing = f"`{about.text}`"
    phrasings = PURPOSE if thing.startswith("`") else WORKING
    if thing.startswith(("a ", "an ")):
        # What a thing does, said of it by its name, tells what it is.
        phrasings = MEANING if opening.lower().startswith(f"{thing.lower()} ") else INDEFINITE
    yield thing.lower(), _scene(phrasings, thing, about.is_plural, text, repo, chance)


def _questions(article: Article, repo: Repo, chance: Random) -> Iterator[tuple[str, Scene]]:
    about = topic(article.title, article.section.text, repo.title)
    if about is None or about.kind != "question" or re.match(r"(?:how|should)\b", about.text, re.IGNORECASE):
        return
    text = passage(article.path, article.blocks, with_code=True)
    if text is None:
        return
    named = repo.title.lower() in about.text.lower()
    small = lowered(about.text.split()[0], "", "") + about.text[len(about.text.split()[0]) :]
    question = about.text if named else f"In {repo.title}, {small}"
    yield about.text.lower(), direct_scene(question, text.text, "concept", spans=[text.span])


def _is_known(thing: str, repo: Repo) -> bool:
    """A name in a heading may be another project's: then there is nothing of this project to explain."""
    name = thing.strip("`")
    return not re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}", name) or name in repo.definitions


def _subject(subject: str, article: Article, project: str) -> str:
    """The subject of a definition as it stands inside a question: "Container" is "a container", "Open Collective" stays."""
    words = re.sub(r" \(.*?\)", "", subject).replace("**", "").replace("*", "").strip("_").split()
    if not words:
        return ""
    first, rest = words[0], words[1:]
    if first in ("A", "An", "The"):
        return " ".join([first.lower(), *rest])
    if not (rest and rest[0][:1].isupper()):
        first = lowered(first, article.section.text, project)
    thing = " ".join([first, *rest])
    text = article.section.text
    if re.search(rf"\b(?:with|using|on|install|use|like) {re.escape(thing)}\b", text) and not re.search(
        rf"\b(?:an?|the|each|every|one) {re.escape(thing)}\b", text, re.IGNORECASE
    ):
        return thing  # a name that is written small
    if (
        thing.islower()
        and thing.isascii()
        and "`" not in thing
        and "_" not in thing
        and not is_plural(thing)
        and not is_mass(thing)
        and thing != project.lower()
    ):
        return f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"
    return thing


def _scene(
    phrasings: tuple[str, ...], thing: str, plural: bool, text: Passage, repo: Repo, chance: Random
) -> Scene:
    question = pick(
        chance,
        phrasings,
        thing=thing,
        project=repo.title,
        is_or_are="are" if plural else "is",
        does_or_do="do" if plural else "does",
        quoted=thing if "`" in thing else f'"{re.sub("^(?:an?|the) ", "", thing)}"',
    )
    return direct_scene(
        question,
        text.text,
        "concept",
        spans=[text.span],
        symbol=thing.strip("`") if thing.startswith("`") else "",
    )


def _not_few(phrasings: tuple[str, ...]) -> tuple[str, ...]:
    """Without those that ask for a few sentences, where the answer is one, or a page."""
    return tuple(phrasing for phrasing in phrasings if "few sentences" not in phrasing)
