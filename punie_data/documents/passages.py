"""Passages that can be read by themselves: where they are looked for, and what of a text leans on the page around it.

An answer mined from a document is the document's own sentences. What this module adds is only the courage to leave out: a sentence that
points elsewhere ("see below", "the example above") is dropped where it is the last, and ends the passage where it is not.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from punie_data.code.facts import Section
from punie_data.documents.english import VERBS, ends_subject
from punie_data.documents.leaning import is_loose
from punie_data.documents.markup import Block, blocks
from punie_data.documents.sections import preamble, sections

FOLDERS = ("docs", "doc", "documentation")
LEFT_OUT = re.compile(
    r"change[sd]?|changelog|changes?[_-].*|.*history.*|.*release.*|releases?|news|announce|what-?s-?new|licen[sc]es?|contribut.*|code[_-]of[_-]conduct|"
    r"authors?|credits|acknowledge?ments?|thanks|sponsors?|funding|backers|talks|roadmap|todo|tasks|ideas|.*migrat.*|upgrading?|upgrade.*|"
    r".*deprecat.*|backwards?-?.*|specs?|specifications?|planning|requirements|translations?|locales?|example_?(?:scripts|outputs)|_\w+|\..*|"
    r"glossar.*|search|404|tidelift|adopt|projects|plugin_list|contact|py27.*|support|sponsor|help|in[_-]the[_-]wild|people|fastapi-people|"
    r"development|developing|developers?|hacking|maintain.*|alternatives|benchmarks?|newsletter|management|external-links|license|third[-_]party.*|companion.*|ecosystem",
    re.IGNORECASE,
)
TITLES_LEFT_OUT = re.compile(
    r"^(?:(?:un)?licen[sc].*|install(?:ation|ing)?\b.*|change ?log|changes|history|release.*|contribut.*|credits|authors?|acknowledg.*|"
    r"table of contents|contents|indices.*|index|further (?:reading|resources)|see also|related.*|next steps?|links?|resources|references?|badges|support|"
    r"sponsors?|funding|project information|where to go.*|getting help|community|v?\d+(?:\.\d+)+.*|version.*|(?:full )?(?:api|source code|output|example output).*|"
    r".*\bdocumentation|building the docs.*|code of conduct|toc|requirements?|prerequisites|dependencies|todo|roadmap|status|(?:local |setting up .*)?development(?: (?:setup|environment|guide))?|donate|security (?:policy|contact).*|summary|conclusion|recap|testimonials|"
    r"what'?s next\??|.*\bfor enterprise|key relationships|deprecat.*|download.*|user'?s guide|learn more|expected output)$",
    re.IGNORECASE,
)
SENTENCE = re.compile(
    r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\betc\.)(?<!\bvs\.)(?<!\bcf\.)(?<!\bresp\.)(?<!\bNo\.)(?<!\.\.)[\"')*_”]*\s+(?=[A-Z`*_\"'(“\[\d])"
)
OPENS_LOOSELY = re.compile(
    r"^(?:and|but|so|also|however|then|therefore|thus|hence|instead|otherwise|additionally|moreover|furthermore|similarly|likewise|in addition|as such|"
    r"for this|because of|that|that's|this|these|those|it|it's|its|they|their|he|she|such|both|either|neither|another|others?|one|again|finally|first(?:ly)?|second(?:ly)?|"
    r"third(?:ly)?|next|lastly|now|still|yet|though|nevertheless|nonetheless|alternatively|conversely|consequently|accordingly|in (?:this|that|these|those|such|either|both|other|the (?:first|second|latter|former)) |"
    r"with (?:this|that|these)|by (?:doing|contrast)|to (?:do (?:this|that|so)|this|that|address this|solve this|fix this|avoid this)|for example|for instance|e\.g\.|i\.e\.|on the other hand|"
    r"in other words|that said|all of (?:this|these|them)|each of|some of|most of|none of|here|there (?:is|are) (?:one|another|also|two|three|a few|several|some)|as a result|as with|like|if so|if not|when (?:this|that)|once (?:this|that|you have)|"
    r"after (?:this|that)|the (?:one|exception|above|below|former|latter|other|first|second|third|last|next|previous|same|following|rest|result|reason|idea|key|main|only|simplest|easiest|difference|problem|solution|answer|advantage|catch|trick)|note|see|e\.g|"
    r"(?:simple|short|quick|long|longer) (?:answer|version)|currently|(?:you|one|users?) (?:may|can|could|should|might) (?:also|then|now|instead|alternatively)|"
    r"imagine|suppose|let|say|assume|assuming|consider|yes|no|sure|well|ok|okay|unfortunately|luckily|fortunately|of course|obviously|basically|actually|indeed|in fact|remember|recall|notice|congratulations|welcome|hello|thanks?)\b(?![`_.(])",
    re.IGNORECASE,
)
BARE_THIS = re.compile(
    r"^.{0,45}\b(?:this|these|those)(?=[.,;:)]| (?:internally|to|when|in|for|by|instead|automatically|is|are|was|will|can|must|should|from|with|if|does|has|makes|allows)\b)"
    r"|^.{0,80}\b(?:this|these|those) (?:values?|options?|settings?|parameters?|arguments?|flags?|variables?|methods?|functions?|attributes?|propert(?:y|ies)|keys?|headers?|behaviou?r|features?|"
    r"approach|patterns?|commands?|fields?|decorators?|hooks?|warnings?|errors?|checks?|class|classes|types?|names?|files?|limits?|signals?|rules?)\b"
    r"|^[^.!?:]{0,80}\b(?:this|these|those) [a-z]{3,}|^[^.!?,;:]{0,50}\balso\b"
)
STORY = re.compile(r"(?:imagine|suppose|consider|say|assume|let)\b", re.IGNORECASE)
"""What a longer example begins with; it would break off somewhere."""
OF_ITS_PAGE = re.compile(r"\bthis module\b", re.IGNORECASE)
SMALL_WORDS = re.compile(
    r"(?:an?|the|all|any|each|every|some|most|if|when|while|for|to|in|on|at|by|with|from|as|use|using|there|no|not|you|it)\b"
)
LABEL = re.compile(
    r"^(?:default|scope|type|signature|since|required|values?|usage|syntax|module|class|fallback)s?\b[^.]{0,120}$|^(?:default|scope|type|signature)s?:",
    re.IGNORECASE,
)
FORWARD = re.compile(
    r"\b(?:the )?following(?: (?:code|snippet|example|list|table|command|way|options|methods|functions|settings|arguments)s?)?\b"
    r"|\b(?:here(?:'s| is| are)?|below)(?: (?:an?|some|the|is an?))?(?: \w+)?(?: (?:code|examples?|snippets?))?\b|\b(?:for|an|another|some|this|a \w+) examples?\b|\b(?:like|as) (?:this|so|follows|below)\b|:$",
    re.IGNORECASE,
)
LEADS_ON = re.compile(
    r"\?$|\.\.\.$|…$|^(?:first|firstly|another|on the one hand|to (?:do|solve|fix|address|work around) (?:this|that|so)|say|imagine|suppose|consider)\b"
    r"|\b(?:main|first|one|biggest|only|other|common|possible) (?:problem|reason|issue|difference|question|exception|thing|solution|way|option|approach)s?\b (?:is|was|are|with)\b|\bquestion came up\b"
    r"|\b(?:two|three|four|five|several|a few|multiple|some|many|important) (?:\w+ )?(?:ways|reasons|options|cases|things|possibilities|kinds|types|exceptions|approaches|steps|problems|solutions|differences|rules)\b"
    r"|\beasier to show\b",
    re.IGNORECASE,
)
BREAKS_OFF = re.compile(
    r"(?:\b(?:to|of|by|be|is|are|the|an?|and|or|with|for|from|in|on|at|that|which|as|than|into)|,)$",
    re.IGNORECASE,
)
"""How a sentence ends that goes on in what follows, though its author set no colon."""
LEANS_BACK = re.compile(r"^[^.!?]{0,80}[ ,](?:however|therefore|though|then|too)\b", re.IGNORECASE)
"""What speaks of the sentence before: wrong where that one was left out."""
VERBLESS = re.compile(r"^(?:without|instead of|given) (?!\w+ing\b)[^,:]*:$", re.IGNORECASE)
"""A sentence that ends only behind its example: "Without an application object the following code: … would look like this"."""
MAXIMUM = 1200
MINIMUM = 80


class Article:
    """A section of the project's documentation; its blocks are found when first asked for."""

    def __init__(self, section: Section) -> None:
        self.section = section

    @property
    def title(self) -> str:
        return self.section.title

    @property
    def path(self) -> str:
        return self.section.path

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        flavour = "md" if self.path.lower().endswith(".md") else "rst"
        return tuple(blocks(self.section.text, self.section.first_line, flavour))


@dataclass(frozen=True, slots=True)
class Passage:
    """`text` is Markdown; the lines, inclusive, are those of `path` from which it was taken."""

    path: str
    text: str
    first: int
    last: int

    @property
    def span(self) -> str:
        return f"{self.path}:{self.first}-{self.last}"


def is_article(path: str) -> bool:
    """Whether a document explains the project: a README at the top, or a page of its documentation that is no ledger of changes."""
    *folders, name = path.split("/")
    if not name.lower().endswith((".md", ".rst")):
        return False
    stem = name.rpartition(".")[0]
    if not folders:
        return stem.lower() == "readme"
    if folders[0].lower() not in FOLDERS or stem.lower() == "readme":
        return False
    if (
        len(folders) > 1
        and re.fullmatch(r"[a-z]{2}(?:[-_][a-z]+)?", folders[1], re.IGNORECASE)
        and folders[1].lower() not in ("en", "c", "py", "ui")
    ):
        return False  # a translation
    return not any(LEFT_OUT.fullmatch(part) for part in (*folders[1:], stem))


def articles(path: str, text: str, title: str) -> list[Article]:
    """The parts of one page that are worth reading, in order: what stands above its first heading (under `title`), and its sections."""
    above = preamble(path, text, title)
    parts = [above, *sections(path, text)] if above else sections(path, text)
    return [
        Article(part)
        for part in parts
        if part.text
        and not any(TITLES_LEFT_OUT.match(name.strip("*_ :!.")) for name in (part.title, *part.parents[1:]))
    ]


def sentences(text: str) -> list[str]:
    """The sentences of one paragraph. What stands in a code span ends none."""
    masked = re.sub(r"`[^`]*`", lambda match: "`" + "x" * (len(match[0]) - 2) + "`", text)
    cuts = [match.end() for match in SENTENCE.finditer(masked)]
    return [
        text[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if text[a:b].strip()
    ]


def without_hint(text: str) -> str:
    """ "Note that it is slow." is "It is slow."."""
    match = re.match(
        r"(?:please )?(?:also )?(?:note|be aware|keep in mind|remember|mind)(?: that|:|,) (?=\S)|(?:note|warning|important|tip|caution)[:!] ",
        text,
        re.IGNORECASE,
    )
    return text[match.end() :][:1].upper() + text[match.end() + 1 :] if match else text


def opens_loosely(sentence: str) -> bool:
    """Whether the sentence cannot be the first: it goes on from another."""
    return OPENS_LOOSELY.match(sentence) is not None or BARE_THIS.match(sentence) is not None


def firm(text: str) -> tuple[str, bool]:
    """The sentences of a paragraph before the first loose one, and whether that is all of them.

    A last loose sentence is no loss: what it points to is elsewhere.
    """
    kept: list[str] = []
    every = sentences(text)
    for sentence in every:
        if is_loose(sentence):
            break
        kept.append(sentence)
    return " ".join(kept), len(kept) >= len(every) - 1


def passage(
    path: str,
    found: Sequence[Block],
    start: int = 0,
    *,
    most_sentences: int = 6,
    with_code: bool = False,
    paragraphs: int = 3,
) -> Passage | None:
    """What can be said from block `start` on: whole paragraphs, code or a list after a colon; None when that is too little or too much."""
    parts: list[str] = []
    count = taken = 0
    first = last = 0
    has_code = shortened = False
    is_page = path.lower().endswith((".md", ".rst"))
    index = start
    while index < len(found):
        block = found[index]
        if block.kind == "aside":
            index += 1
            continue
        if block.kind == "code" and with_code and parts and not has_code:
            if not _fits(parts, block.markdown):
                break
            parts[-1] = _stopped(parts[-1], ":")
            parts.append(block.markdown)
            last, has_code = block.last, True
            index += 1
            continue
        if block.kind != "prose" or taken >= paragraphs:
            break
        if (not parts and LABEL.match(block.text)) or (
            len(block.text.split()) < 4 and block.text[-1] not in ".!?:"
        ):
            index += 1
            continue
        after = found[index + 1] if index + 1 < len(found) else None
        if block.text.endswith(("-", "–", "…")) or block.text.count(" - ") > 1:
            break  # a heading or a list that was not marked as one
        text, whole, used = _paragraph(block, after)
        if parts and text and ((opens_loosely(text) and has_code) or (shortened and LEANS_BACK.match(text))):
            break
        shortened = used == 1 and text != " ".join(sentences(block.text))
        if text and (STORY.match(text) or (is_page and OF_ITS_PAGE.search(text))):
            break
        number = len(sentences(text.partition("\n\n")[0]))
        if parts and not whole and number < 2:
            break  # what a cut paragraph began to say
        if not text or count + number > most_sentences or not _fits(parts, text):
            break
        parts.append(text)
        first = first or block.first
        last = after.last if used > 1 and after else block.last
        has_code = has_code or "```" in text
        count += number
        taken += 1
        index += used
        if not whole:
            break
    if parts and "```" not in parts[-1] and "\n- " not in parts[-1] and "\n1. " not in parts[-1]:
        parts[-1] = _stopped(_ended(parts[-1]), ".")
    text = _begun(without_hint("\n\n".join(part for part in parts if part)))
    if not text or opens_loosely(text) or not MINIMUM <= len(text) <= MAXIMUM or "\x00" in text:
        return None
    if sentences(text)[0].endswith("?"):
        return None  # a question answers none
    return Passage(path, text, first, last)


def _stopped(text: str, stop: str) -> str:
    """A paragraph that its author left without a stop gets one; lists and code keep their ends."""
    ends = text[-1:].isalnum() or text[-1:] in ("`", ")")
    plain = ends and "\n" not in text and not re.search(r"(?<!\betc)[.!?]\)$", text)
    return f"{text}{stop}" if plain else text


def _begun(text: str) -> str:
    """With a capital first letter, unless a name that is written small comes first; "" where the text begins with neither."""
    if SMALL_WORDS.match(text):
        return text[0].upper() + text[1:]
    name = re.match(r"[a-z][\w.-]* (\w+)", text)
    if name and (ends_subject(name[1]) or name[1] in VERBS):
        return text
    return (
        text
        if text[:1].isupper() or text[:1].isdigit() or text.startswith(("`", '"', "'", "“", "*", "_"))
        else ""
    )


def carries_scope(path: str, question: str) -> bool:
    """Whether a page about one integration is answered from only where the question names that one."""
    *folders, name = path.lower().split("/")
    if not any(
        re.fullmatch(r"integrations?|frameworks?|contrib|plugins|backends|extensions|databases", part)
        for part in folders
    ):
        return True
    plain = re.sub(r"[^a-z0-9]", "", name.rpartition(".")[0])
    return plain in re.sub(r"[^a-z0-9]", "", question.lower())


def _ended(text: str) -> str:
    """Without last sentences that only lead on to what is left out."""
    every = sentences(text)
    while every and (LEADS_ON.search(every[-1]) or BREAKS_OFF.search(every[-1])):
        every.pop()
    return " ".join(every)


def _fits(parts: Sequence[str], text: str) -> bool:
    return sum(map(len, parts)) + 2 * len(parts) + len(text) <= MAXIMUM


def _paragraph(block: Block, after: Block | None) -> tuple[str, bool, int]:
    """(text, whether nothing was cut off, how many blocks it took). A paragraph that ends in a colon takes the code or list behind it."""
    every = sentences(block.text)
    lead = every[-1]
    if not block.text.endswith(":"):
        text, whole = firm(block.text)
        # Without a colon, and without a stop, it goes on in the list all the same.
        listed = after is not None and after.kind == "list" and lead[-1].isalnum()
        if text.endswith(lead) and (listed or (BREAKS_OFF.search(lead) and not _is_code(after))):
            return " ".join(every[:-1]), False, 1
        return text, whole, 1
    head = list(takewhile(lambda sentence: not is_loose(sentence), every[:-1]))
    if VERBLESS.match(lead):
        return " ".join(head), False, 1
    bare = FORWARD.sub("", lead)
    can_follow = (
        after is not None and after.kind in ("code", "list") and after.whole and len(after.text) < 900
    )
    if len(head) == len(every) - 1 and can_follow and not is_loose(f"{bare}.") and after:
        if after.kind == "list" and any(is_loose(item) for item in after.text.split("\n")):
            return " ".join(head), False, 1
        return f"{block.text}\n\n{after.markdown}", True, 2
    return " ".join(head), False, 1


def _is_code(block: Block | None) -> bool:
    return block is not None and block.kind == "code"


def a_few_sentences(text: str) -> bool:
    """Whether an answer is what "in a few sentences" asks for: two to five of them, without code or a list."""
    return "\n```" not in text and "\n- " not in text and 2 <= len(sentences(text)) <= 5


def spelling(name: str, text: str) -> str:
    """The project's name as its own README writes it most often: "flask" is "Flask", "jinja2" is "Jinja", "tiny_shop" may be "tiny-shop"."""
    found = _spellings(name, text)
    short = name.rstrip("0123456789")
    if short != name and len(short) > 2:
        shorter = _spellings(short, text)
        found = shorter if sum(shorter.values()) > 2 * sum(found.values()) else found
    if not found:
        return name
    most = max(found.values())
    return next(
        written
        for written, count in sorted(found.items(), key=lambda item: (item[0].islower(), item[0]))
        if count * 3 >= most
    )


def _spellings(name: str, text: str) -> Counter[str]:
    loose = "[-_. ]?".join(re.escape(part) for part in re.split(r"[-_.]", name) if part)
    if not loose:
        return Counter()
    return Counter(re.findall(rf"(?<![\w/`.@:-])\b{loose}\b(?![\w/`=:@-]|\.\w)", text, re.IGNORECASE))
