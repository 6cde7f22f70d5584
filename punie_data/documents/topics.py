"""What a heading is about, in words that fit into a question: a task ("adding a rule"), a thing ("custom transports"), a question.

English only, by small rules and lists: a heading that they do not understand has no topic, and nothing is asked about it.
"""

import re
from dataclasses import dataclass
from typing import Literal

from punie_data.documents.english import AMBIGUOUS, GERUNDS, VERBS, ing, is_mass, is_plural, is_verb, unmarked

QUESTION = re.compile(
    r"^(?:why|what|when|how|can|could|does|do|is|are|should|which|where|will|must)\b.*\?$", re.IGNORECASE
)
FINITE = re.compile(
    r"\b(?:is|are|was|were|be|can|can't|cannot|could|should|must|will|won't|does|doesn't|do|don't|has|have|had|may|might|isn't|aren't|i|you|your|we|"
    r"let's|it|its|this|that|these|how|why|what|when|where|who|if|not|no|yes|vs|versus|please)\b",
    re.IGNORECASE,
)
LEANS = re.compile(
    r"\b(?:this|that|these|those|it|its|them|their|above|below|everything|things|together|another|you|your|we|our|i'?m|big idea|previous|next|same|rest|"
    r"other commands|here|there|more|else)\b",
    re.IGNORECASE,
)
_BEFORE = """
    a an the some more other basic simple quick full complete advanced common minimal key core general additional important
    further first main usage code working brief short special built-in builtin custom default available supported optional various
    misc miscellaneous new final high-level low-level two three four extra background practical real-world specific possible
    standard interactive of and & / or for in use using technical your command best good security getting get frequently asked
    prior it how classes
"""
_NOUNS = """
    example examples usage usages introduction introductions intro overview overviews basics note notes detail details background
    backgrounds feature features guide guides tutorial tutorials tip tips trick tricks options arguments parameters attributes
    methods functions classes concept concepts idea ideas explanation explanations rationale rationales motivation motivations
    goal goals philosophy recipe recipes pattern patterns case cases setting settings configuration configurations config
    customization customisation customizations problem problems solution solutions discussion discussions limitation limitations
    caveat caveats warning warnings gotchas pitfalls considerations remarks troubleshooting faq faqs questions q&a terms
    terminology glossary definition definitions principles quickstart quickstarts start started step steps setup benefit benefits
    advantage advantages disadvantages works implementation implementations internals design architecture structure layout test
    tests testing output outputs result results value values type types data command commands tool tools utilities helpers module
    modules object objects exception exceptions error errors interface interfaces protocol protocols event events home workflow
    file files syntax behavior behaviour approach alternative alternatives comparison comparisons difference differences art
    preamble preface foreword abstract synopsis purpose scope other others extra extras hint hints practices performance points
    environment environments import imports code demo application applications app factories caution service services line python
    history running building debugging database databases public private summary response responses request requests development
    developing production rendering class function method index item items name names model models view views template templates
    form forms variable variables properties constants instance instances strategies strategy mode modes level levels attribute
    parameter update delete create login logout register blog schema schemas fields rules hooks factory stable preview logic
    security
"""
BEFORE = frozenset(_BEFORE.split())
NOUNS = frozenset(_NOUNS.split())
"""Headings made of these words alone could stand in the documentation of any project."""
PROPER = re.compile(
    r"pythons?|django|flask|jinja|werkzeug|redis|celery|docker|windows|linux|unix|macos|github|gitlab|jupyter|heroku|sentry|sphinx|twisted|trio|curio|"
    r"tornado|starlette|pydantic|numpy|pandas|nginx|apache|gunicorn|emacs|vim|java|javascript|typescript|kubernetes|postgres|postgresql|mongodb|"
    r"sqlalchemy|unicode|ascii|bash|zsh|amazon|google|azure|boolean|mypy|pyright|conda|ruby|rust|babel|react|vue|markdown|latin|cython|nox|"
    r"selenium|splash|playwright|elasticsearch|kafka|rabbitmq|monday|january|english"
)
ADJECTIVAL = re.compile(
    r"algorithms?|mode|behaviou?r|systems?|strateg(?:y|ies)|rules?|semantics|order|tools?|functions?|methods?|options?|support|mechanism|process|time|"
    r"style|model|policy|policies|levels?|guide|guidelines|interface|api|configuration|settings?|module|standards?|formats?|engine|server|suite|loop|"
    r"context|logic|utilities|helpers|limits?|limit|data model|conventions?|integration|stages?|hooks?|fixtures?|client|framework|backends?|scope"
)
CODE_NAME = re.compile(
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|(?:[A-Z][a-z0-9]+){2,}|--?[a-z][\w-]+|[a-z]+(?:_[a-z0-9]+)+|@?[\w.]+\(\)"
)
VERB_OF_QUESTION = re.compile(
    r"\b(?:is|are|was|do|does|did|can|could|should|must|will|would|has|have|isn't|aren't|doesn't|don't|can't|mean|means|uses?|triggers?)\b",
    re.IGNORECASE,
)
NOISE = re.compile(
    r"[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F\u00AE\u2122]|^(?:\d+(?:\.\d+)*[.):]|step \d+\s*[:.-]|[ivx]+\.)\s*|\s*[¶#]$|^[-*•–—\s]+",
    re.IGNORECASE,
)
PREPOSITION = re.compile(
    r"with|without|from|in|to|at|on|for|via|by|of|as|into|over|under|behind|inside|through|per"
)
GOES_WITH_PREPOSITION = re.compile(
    r"work|deal|connect|listen|subscribe|wait|migrate|interact|integrate|communicate|iterate|respond|react|rely|refer|log|run|deploy|write|read|search|look|upgrade|convert|stream"
)
DETERMINER = re.compile(
    r"an?|the|all|any|each|every|some|multiple|several|more|many|no|my|one|two|both|arbitrary|what|which|whether|how|and|or|not|only|up|down|out|off|on|away|back|together|it|them",
    re.IGNORECASE,
)
REFUSED = frozenset(',|<>{}\\"“”[]→=;…!@\x00')


@dataclass(frozen=True, slots=True)
class Topic:
    """`text` fits behind "How do I " for a task and behind "about " for a thing; a question stands by itself, with its mark.

    `doing` is a task in its -ing form, to stand behind "when ". Code in a thing stands between backticks.
    """

    kind: Literal["question", "task", "thing"]
    text: str
    doing: str = ""
    is_plural: bool = False


def topic(title: str, text: str, project: str) -> Topic | None:
    """The topic of a heading over `text`, None where it has none that can be asked about."""
    # Pairs go first: of "_attrs_ classes" only a stray mark may be left to strip.
    title = " ".join(unmarked(NOISE.sub("", title)).strip(" :.*_").split())
    words = title.split()
    if (
        not 1 <= len(words) <= 11
        or len(title) > 80
        or REFUSED & set(title)
        or ": " in title
        or "(" in title.replace("()", "")
    ):
        return None
    small = small_words(title, text, project)
    if QUESTION.match(title):
        wrong = LEANS.search(title) or len(words) < 4 or not VERB_OF_QUESTION.search(title)
        return None if wrong else Topic("question", title[0].upper() + small[1:])
    if title.endswith(("?", ",", "-")) or LEANS.search(title):
        return None
    how = re.match(r"(?:how (?:to|do (?:i|you)|can (?:i|you))|howto)\s+(.+)", small, re.IGNORECASE)
    task = how[1] if how else _task(small.split())
    if task:
        first, _, rest = task.partition(" ")
        # "How to" makes any word a verb, and any rest worth asking about.
        fits = (
            bool(rest)
            and (bool(how) or (is_verb(first) and not is_generic(rest)))
            and _has_object(first, rest)
        )
        return Topic("task", task, ing(task)) if fits else None
    if is_generic(title) or len(words) > 6 or FINITE.search(re.sub(r"`[^`]*`", "x", title)) or len(title) < 3:
        return None
    first = small.split()[0].lower()
    if first in VERBS or (len(words) == 1 and first in GERUNDS) or (first in AMBIGUOUS and len(words) > 3):
        return None
    return Topic("thing", small, "", is_plural(small)) if any(map(str.isalpha, title)) else None


def _has_object(verb: str, rest: str) -> bool:
    """Whether what follows the verb can: "use with sync container" lacks its object, "retry code block" an article."""
    words = [word for word in rest.split() if not re.fullmatch(r"\w+ly|per-\w+", word)]
    if not words:
        return False
    if PREPOSITION.fullmatch(words[0].lower()):
        return GOES_WITH_PREPOSITION.fullmatch(verb.lower()) is not None and _has_object(
            "", " ".join(words[1:])
        )
    behind = re.search(r"\b(?:for|from|to|of|with) ([a-z]+)$", rest)
    if behind and not is_plural(behind[1]) and not is_mass(behind[1]) and not behind[1].endswith("ly"):
        return False
    if DETERMINER.fullmatch(words[0]):
        return True
    phrase = []
    for word in words:
        if PREPOSITION.fullmatch(word.lower()) or word.lower() in (
            "and",
            "or",
            "when",
            "using",
            "before",
            "after",
        ):
            break
        phrase.append(word)
    named = any(
        "`" in word or "*" in word or not word.islower() or not word.isalpha() for word in phrase[-1:]
    )
    return (
        not phrase or named or any(is_plural(word) for word in phrase) or is_mass(phrase[-1]) or "'s" in rest
    )


def is_generic(title: str) -> bool:
    words = title.lower().replace("'s", "").split()
    if not words or words[-1] in ("notes", "example", "examples"):
        return True
    return words[-1] in NOUNS and all(word in BEFORE or word in NOUNS for word in words)


def _task(words: list[str]) -> str:
    """ "adding a rule" and "add a rule" are "add a rule"; "" for what is no task: "testing tools", "test client"."""
    first = words[0].lower()
    if len(words) < 2:
        return ""
    if first in GERUNDS and first != "typing":
        if len(words) == 2 and ADJECTIVAL.fullmatch(words[1].lower()):
            return ""
        rest = words[1:]
        if rest[0] in ("and", "or"):
            if len(rest) < 3 or rest[1].lower() not in GERUNDS:
                return ""
            rest = [rest[0], GERUNDS[rest[1].lower()], *rest[2:]]
        return " ".join([GERUNDS[first], *rest])
    second = words[1].lower()
    definite = re.match(r"(?:a|an|the|all|multiple|custom|more|with|from|in|to|at|on|for)$|`", second)
    if (first in VERBS and second not in ("case", "cases")) or (
        first in AMBIGUOUS and definite and len(words) > 2
    ):
        if (
            not definite
            and len(words) == 2
            and "`" not in second
            and not is_plural(second)
            and not is_mass(second)
        ):
            return ""
        return " ".join([first, *words[1:]])
    return ""


def noun_phrase(found: Topic, text: str) -> str:
    """The thing with the article that the text gives it: "the item pipeline", "bound loggers"; "" where there is no telling."""
    phrase = found.text
    if CODE_NAME.fullmatch(phrase) or (phrase.isupper() and len(phrase) > 3 and f"`{phrase}`" in text):
        return f"`{phrase}`"
    small = phrase.lower()
    if phrase.startswith("`") and "` " in phrase and not found.is_plural:
        return f"the {phrase}"
    if found.is_plural or phrase.startswith("`") or small.startswith(("a ", "an ", "the ")):
        return phrase
    text = " ".join(text.lower().split())
    for article in ("the", "a", "an"):
        if f"{article} {small}" in text:
            return f"{article} {phrase}"
    return phrase if is_mass(phrase) and (small in text or " " in small) else ""


def small_words(title: str, text: str, project: str) -> str:
    """The title as it would stand inside a sentence: names, abbreviations and code keep their capitals."""
    return re.sub(r"`[^`]*`|[^\s/`]+", lambda match: lowered(match[0], text, project), title)


def lowered(word: str, text: str, project: str) -> str:
    bare = word.strip("*_,.;:()'\"?!")
    if not bare or "`" in word or not re.fullmatch(r"[A-Z][a-z]*(?:['’]s)?(?:-[A-Za-z]+)*", bare):
        return word
    small = bare.lower()
    owner = small.removesuffix("'s").removesuffix("’s")
    if PROPER.fullmatch(owner) or owner == project.lower() or bare == "I":
        return word
    if f" {small}" not in text and f"\n{small}" not in text and _inside_sentence(bare, text):
        return word
    return word.replace(bare, small)


def _inside_sentence(word: str, text: str) -> bool:
    """Whether the capitalised word occurs behind a small one, which a title's capital does not explain."""
    at = text.find(f" {word}")
    while at > 0:
        if text[at - 1].islower() or text[at - 1] == ",":
            return True
        at = text.find(f" {word}", at + 1)
    return False


def mentions(text: str, phrase: str, share: float = 1.0) -> bool:
    """Whether the text speaks of what the phrase names: of its longer words, in some form, at least this share."""
    stems = [word.lower()[:6].rstrip("es") for word in re.findall(r"[A-Za-z]{4,}", phrase)]
    own = [
        stem for stem in stems if stem not in ("with", "from", "into", "when", "usin", "using", "via", "how")
    ]
    small = text.lower()
    return bool(own) and sum(stem in small for stem in own) >= share * len(own)
