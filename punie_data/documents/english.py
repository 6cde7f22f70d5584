"""The little grammar that questions need: verbs of documentation, their forms, plurals. By rule and by list; unknown words stay as they are."""

import re

_VERBS = """
    achieve activate adapt add adjust aggregate allow alter annotate append apply arrange assert assign attach authenticate
    automate avoid await become begin bind bring broadcast bypass calculate capture catch choose clean clear close collect combine
    communicate compare compile compose compress compute configure connect construct consume continue convert coordinate customise
    customize deal declare decorate define delete deploy derive describe deserialise deserialize detect determine develop disable
    discover dismiss dispatch distribute divide embed emulate enable encode enforce enhance enqueue ensure escape evaluate examine
    exclude execute expand expose express extend fetch flatten flush freeze gather generate get give handle hide identify ignore
    implement improve include increase indicate inherit initialise initialize inject inspect instantiate integrate interact
    intercept interpret introduce invoke isolate iterate keep kill launch learn leave lint locate maintain make manage manipulate
    migrate mix modify monitor monkeypatch move navigate normalise normalize obtain omit open optimise optimize organise organize
    overload override pack paginate parametrise parametrize pass perform persist prefer prepare preserve prevent print produce
    propagate protect provide publish reach read receive recognise recognize recover redirect reduce refer refresh register reload
    rely remove rename render reorder represent replace replay reproduce rerun resolve respond restart restore restrict retrieve reuse
    rewrite save scrape select send serialise serialize serve shield shut silence simplify simulate skip solve sort spawn specify
    submit subscribe substitute suppress swap synchronise synchronize terminate throttle toggle transform translate trigger
    understand uninstall unstructure use utilise utilize validate verify visualise visualize wrap write yield
"""
_AMBIGUOUS = """
    access boost break build bundle cache call cancel change check clone command contact control copy count create debug decode
    defer delay design display document download drop dump end exit export extract fake filter find fix force format group help
    hook host import insert install join limit link list listen load lock log look map mark match merge mock name nest order
    package parse patch pin place plug post process profile prompt query queue raise react record reject request reset retry
    return review route run sample scan schedule search secure separate set share show sign split start stop store stream
    structure style subclass support switch tag target tell test time trace track treat turn type update upload value view visit
    wait watch work
"""
_DOUBLED = """
    begin commit cut debug drop embed fit format get hit let log map omit pin plan plug put refer rerun reset run scan set ship
    shut skip split stop strip submit swap tag transfer trim wrap
"""
_AUXILIARY = """
    accept accepts allow also always applies apply are aren't behave behaves builds calls can can't cannot checks come comes could
    create creates deals did do does doesn't don't fall falls follow follows get gets go goes happen happens has have hold holds
    implement implements is isn't keep keeps know knows let lets live lives loads look looks make makes may might must need needs
    never offer offers raises require requires return returns run runs seem seems sets should starts stops stores support supports
    take takes treat treats tries wait waits want wants was were will won't work works would
"""
VERBS = frozenset(_VERBS.split())
AMBIGUOUS = frozenset(_AMBIGUOUS.split())
"""Verbs that are nouns as often: "Test client" is no task, "Test the client" is."""
DOUBLED = frozenset(_DOUBLED.split())
AUXILIARY = frozenset(_AUXILIARY.split())
"""Words that end a subject, besides the verbs above."""


def is_verb(word: str) -> bool:
    """Whether the word is the base form of a verb that documentation uses, be it a noun as well."""
    return word.lower() in VERBS or word.lower() in AMBIGUOUS


def ing(phrase: str) -> str:
    """ "add a rule" is "adding a rule", "create and run" is "creating and running"."""
    verb, _, rest = phrase.partition(" ")
    both = re.match(r"(and|or) (\w+)(.*)", rest)
    if both and is_verb(both[2]):
        rest = f"{both[1]} {gerund(both[2])}{both[3]}"
    return f"{gerund(verb)} {rest}".strip()


def gerund(verb: str) -> str:
    if verb == "be":
        return "being"
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return f"{verb}{verb[-1]}ing" if verb in DOUBLED else f"{verb}ing"


def third_person(verb: str) -> str:
    """ "carry" is "carries", "pass" is "passes", "add" is "adds"."""
    irregular = {"have": "has", "do": "does", "go": "goes", "be": "is"}
    if verb in irregular:
        return irregular[verb]
    if verb.endswith("y") and verb[-2:-1] not in tuple("aeiou"):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh")) else f"{verb}s"


GERUNDS = {gerund(verb): verb for verb in sorted(VERBS | AMBIGUOUS)}
THIRD_PERSONS = {third_person(verb): verb for verb in sorted(VERBS | AMBIGUOUS)}
"""To the base form, from "adding" and from "adds"."""


def a_or_an(word: str) -> str:
    """The article by the word's first sound; an abbreviation is spelt out: "an HTTPError", "an UndefinedError", "a UsageError", "a URL"."""
    bare = word.strip("`*_\"'")
    if bare[1:2].isupper():
        return "an" if bare[0] in "AEFHILMNORSX" else "a"
    return (
        "an"
        if re.match(r"[aio]|e(?!u)|u(?!ni(?!n|d|mp)|se|sa|su|ti|r[ailo]|buntu|vicorn)", bare.lower())
        else "a"
    )


def unmarked(text: str) -> str:
    """Without the marks of emphasis, which nobody types into a question: "install *structlog*" is "install structlog"; code keeps its own."""
    return re.sub(r"(?<![\w`*])(\*{1,2}|_)(?=\S)([^*_`]*[^*_`\s])\1(?![\w`*]|\.\w)", r"\2", text)


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase wants "are": by its last word before any preposition."""
    head = re.split(
        r" (?:of|for|in|on|to|with|from|by|as|at|via|without|using|that|inside|within|across|under|during|when|per)\b",
        phrase,
    )[0]
    last = head.split()[-1]
    if " and " in head or " & " in head:
        return True
    bare = last.strip("*_.,")
    if bare.lower() in (
        "statistics",
        "metrics",
        "graphics",
        "basics",
        "topics",
        "heuristics",
        "mechanics",
        "characteristics",
        "semantics",
        "diagnostics",
        "analytics",
    ):
        return True
    return (
        "`" not in last and bare.endswith("s") and not bare.endswith(("ss", "us", "is", "ics", "as", "ous"))
    )


def is_mass(phrase: str) -> bool:
    """Whether a singular noun phrase can do without an article: "logging", "validation", "output"."""
    last = phrase.split()[-1].lower()
    return bool(
        re.search(
            r"(?:ing|tion|sion|ity|ness|ment|ance|ence|ency|ancy|ship|age|ism|ics|th|ure)$|^(?:data|output|input|state|code|support|access|order|syntax|metadata|"
            r"sugar|use|control|middleware|software|content|text|json|html|xml|css|http|https|asyncio|typing|i/o|traffic|email|mail|info|history|setup|"
            r"markup|whitespace|flow|detail|time|memory|work|discovery|recovery|delivery)$",
            last,
        )
    ) and not re.search(
        r"(?:ment|extension|function|option|exception|expression|session|connection|application|collection|package|message|page|language|"
        r"storage backend|structure|fixture|element|argument|statement|environment|feature|procedure|string|thing|setting|section|action|condition|instance|sequence|reference|dependency|identity|entity|utility|facility|proxy|path|length|image|stage|usage pattern|version|annotation|declaration|definition)$",
        last,
    )


def first_person(phrase: str) -> str:
    """ "configure your app" as the one says who asks: "configure my app"."""
    for pattern, replacement in (
        (r"\byour\b", "my"),
        (r"\byours\b", "mine"),
        (r"\byourself\b", "myself"),
        (r"\byou are\b", "I am"),
        (r"\byou\b", "I"),
    ):
        phrase = re.sub(pattern, replacement, phrase)
    return phrase


NO_SUBJECT = re.compile(
    r"^(?:this|that|these|those|it|they|there|here|we|you|i|he|she|one|ones|both|either|neither|each|some|most|many|few|all|another|other|others|the (?:other|former|latter|first|second|"
    r"third|same|above|following|next|last|main|only|difference|result|reason|rest|one|ones|code|example|default)|which|who|what|if|when|so|as|but|and|or|also|however|then|note|please|"
    r"first|second|finally|for|in|on|at|by|with|to|from|because|since|although|instead|not|no|yes|now|just|even|such|any|nothing|everything|something|let|use|make|see|don't|do|"
    r"unlike|like|until|while|whereas|once|after|before|usually|often|sometimes|generally|people|users?|developers?)\b"
    r"|\b(?:this|these|those|that|which|its|their|your|our|above|below|example|you|we)\b",
    re.IGNORECASE,
)


def subject(clause: str) -> str:
    """The noun phrase before the clause's verb, "" where it can't be told or only points: "Memory streams can be closed" has "Memory streams"."""
    words = re.findall(r"`[^`]*`[\w'’()]*|[^\s]+", clause)[:7]
    for index, word in enumerate(words):
        if any(mark in word for mark in ',;:()[]"—–') and "`" not in word:
            return ""
        found = " ".join(words[:index])
        if index and (ends_subject(word) or (word in VERBS and is_plural(found))):
            return "" if NO_SUBJECT.search(re.sub(r"`[^`]*`", "`x`", found)) else found
    return ""


def ends_subject(word: str) -> bool:
    """Whether a word behind a noun phrase can only be its verb or belong to it: "is", "returns", "usually"."""
    adverb = word.endswith("ly") and word not in ("only", "family", "assembly", "reply", "early")
    return word in AUXILIARY or adverb or THIRD_PERSONS.get(word, "") in VERBS
