"""Which sentences lean on their page: on an example above, another section, a release, or on whoever wrote them.

Each rule has words of which a sentence must hold one before the rule is tried, since most sentences hold none of them. All in small letters.
"""

import re
from functools import cache

_PARTS = "section|chapter|page|paragraph|part|step|snippet|lesson|article|file|tutorial"
_DOCUMENTS = "section|chapter|page|document|guide|tutorial|article|post|recipe|appendix|how-to"
_SAID = "mentioned|noted|described|discussed|explained|shown|stated|outlined|covered|listed"
_SHOWN = "examples?|snippets?|listings?|figures?|tables?|diagrams?|screenshots?"
_THINGS = (
    "code|listing|list|method|function|class|module|program|script|command|approach|case|cases|pattern|behaviou?r|feature|option|setting|lines?|output|"
    "result|setup|tests?|steps?|reasons?|problem|issue|question|project|package|library"
)
_PEOPLE = "let's|lets|let us|we|we're|we'll|we've|we'd|our|ours|us|i|i'm|i've|i'd|i'll|my|me|mine"
RULES: tuple[tuple[str, str], ...] = (
    (
        "above below",
        r"\b(?:above|below)\b(?! (?:the|its|an?|their|that|this|zero|\d|`|it|them|all|any|each|your)\b)",
    ),
    (
        "previously aforementioned hereafter overleaf foregoing earlier",
        r"\b(?:previously|aforementioned|hereafter|overleaf|foregoing|mentioned earlier)\b",
    ),
    (
        "next previous last preceding following other later first second separate dedicated corresponding own",
        rf"\b(?:next|previous|last|preceding|following|other|later|another|first|second|separate|dedicated|corresponding|own) (?:{_PARTS})s?\b",
    ),
    (
        "this these those our that the each",
        rf"\b(?:this|these|those|our|that|the|each) (?:{_DOCUMENTS}|{_THINGS})s?\b(?= (?:above|below|here|shown|is as|we|just|from the|demonstrates?|shows?|illustrates?|"
        r"covers?|describes?|explains?|assumes?|documents|lists|provides an? (?:overview|introduction)))",
    ),
    (
        "section chapter page document guide tutorial article post recipe appendix how-to",
        rf"\b(?:this|the|our|these) (?:{_DOCUMENTS})\b",
    ),
    (
        "seen mentioned noted described discussed explained shown stated pointed saw outlined covered listed",
        rf"\b(?:as|we|you|just|already|be|been|have|has) (?:\w+ )?(?:seen|pointed out|saw|{_SAID})\b"
        rf"|\b(?:is|are|was|were) (?:\w+ )?(?:{_SAID.removesuffix('|listed')})(?= (?:in|at|here|on|under|later|elsewhere|by the)\b)",
    ),
    (
        "example snippet listing figure table diagram screenshot",
        rf"\b(?:the|this|these|that|those|following|previous|same|first|second|above|last) (?:code |simple |small |short |minimal |complete |two |three )*(?:{_SHOWN})\b"
        r"|\b(?:in|from|with|for) (?:the |this |our |these |that )(?:\w+ )?examples?\b|\b(?:an|some|by|these|this|more) examples?\b(?! of)",
    ),
    ("following", r"\bfollowing\b(?! (?:the|a|an|up|along|redirects?|links?|symlinks?)\b)"),
    (
        "see refer check consult look head read jump cf.",
        r"(?:^|[(;:,.–—] ?|\bplease |\balso |\band |\bor |\byou (?:can|should|may|might|could)(?: also)? )(?:see|refer to|check out|consult|have a look at|take a look at|"
        r"head over to|read about|read up on|read more|jump to|cf\.) (?:also|the|our|its|their|this|that|here|on|in|about|\x00|`|\w)",
    ),
    ("let's lets us we our i my me mine", rf"(?<![\w/.`'-])(?:{_PEOPLE})(?![\w/`'-]|\.\w)"),
    (
        "more information further full detail learn documented documentation find",
        r"\b(?:for (?:more|further|additional|details|detailed|an example|examples|information)|more (?:information|details|info|on this)|further (?:information|details|reading)|"
        r"full (?:details|list|documentation)|in (?:more )?detail (?:in|at|later)|learn more|find out more|documented (?:in|at|here)|documentation (?:for|of|on) )\b",
    ),
    ("like", r"^(?:and |but )?like (?:all|any|every|most|other|the other)\b[^,]*, (?:this|it)\b"),
    ("here", r"\b(?:here|here's)\b(?= |,|:|\.|')"),
    (
        "todo fixme xxx tbd wip lorem coming progress stay pull issue bug mailing discord gitter slack donat sponsor funding",
        r"\b(?:todo|fixme|xxx|tbd|wip|lorem ipsum|coming soon|work in progress|stay tuned|pull requests?|github issues?|open an issue|bug reports?|mailing list|discord|gitter|"
        r"slack|donat\w+|sponsor\w*|funding)\b",
    ),
    (
        ".0 .1 .2 .3 .4 .5 .6 .7 .8 .9",
        r"\b(?:deprecated|removed|renamed|(?:added|new|changed|fixed|introduced|available|supported) (?:in|since)|as of|since|prior to|starting (?:with|from)|until|before|in|from) "
        r"(?:version |release |[*_]?[a-z]\w+[*_]? )?v?\d+\.\d+|\b\w+ v?\d+\.\d+ (?:introduce|add|change|remove|deprecate|drop|come|ship|support)\w*",
    ),
    (
        "time currently future upcoming next recently work written authored copyright",
        r"\b(?:at the time of writing|currently being|in the future|upcoming|next release|next version|recently|future (?:versions?|releases?)|based on work by|written by|"
        r"authored by|copyright)\b",
    ),
    ("\x00 # faq toc :", r"\x00|#\d{2,}|\bfaq\b|\btoc\b|:$"),
)
MARKUP_LEFT = re.compile(
    r"\{\w+\}`|:\w+:`|``[^`]|\]\[|\]\(|^:\w+:|\|\w+\||[<>]_|\{[%{#]|(?<!\w)@[\w-]+/\w|!\[|&\w+;|</?[a-z]+>|`_(?=[\s.,)]|$)|_`"
)


@cache
def _rules() -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    return tuple((tuple(words.split(" ")), re.compile(pattern)) for words, pattern in RULES)


def is_loose(sentence: str) -> bool:
    """Whether the sentence points at something outside itself: another page, an example above, a version, whoever wrote it."""
    small = re.sub(r"`[^`]*`", "`x`", sentence).lower()
    for words, pattern in _rules():
        if any(word in small for word in words) and pattern.search(small):
            return True
    return MARKUP_LEFT.search(sentence) is not None
