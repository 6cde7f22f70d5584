"""The little grammar that questions need: verbs of documentation, their forms, plurals. By rule and by list; unknown words stay as they are."""

import re

VERBS = re.compile(
    r"achieve|activate|adapt|add|adjust|aggregate|allow|alter|annotate|append|apply|arrange|assert|"
    r"assign|attach|authenticate|automate|avoid|await|become|begin|bind|bring|broadcast|bypass|"
    r"calculate|capture|catch|choose|clean|clear|close|collect|combine|communicate|compare|compile|"
    r"compose|compress|compute|configure|connect|construct|consume|continue|convert|coordinate|"
    r"customi[sz]e|deal|declare|decorate|define|delete|deploy|derive|describe|deseriali[sz]e|detect|"
    r"determine|develop|disable|discover|dismiss|dispatch|distribute|divide|embed|emulate|enable|encode|"
    r"enforce|enhance|enqueue|ensure|escape|evaluate|examine|exclude|execute|expand|expose|express|"
    r"extend|fetch|flatten|flush|freeze|gather|generate|get|give|handle|hide|identify|ignore|implement|"
    r"improve|include|increase|indicate|inherit|initiali[sz]e|inject|inspect|instantiate|integrate|"
    r"interact|intercept|interpret|introduce|invoke|isolate|iterate|keep|kill|launch|learn|lint|leave|locate|"
    r"maintain|make|manage|manipulate|migrate|mix|modify|monitor|monkeypatch|move|navigate|normali[sz]e|"
    r"obtain|omit|open|optimi[sz]e|organi[sz]e|overload|override|pack|paginate|parametri[sz]e|pass|"
    r"perform|persist|prefer|prepare|preserve|prevent|print|produce|propagate|protect|provide|publish|"
    r"reach|read|receive|recogni[sz]e|recover|redirect|reduce|refer|refresh|register|reload|rely|remove|"
    r"rename|render|reorder|replace|replay|reproduce|rerun|resolve|respond|restart|restore|restrict|"
    r"retrieve|reuse|rewrite|save|scrape|select|send|seriali[sz]e|serve|shield|shut|silence|simplify|"
    r"simulate|skip|solve|sort|spawn|specify|submit|subscribe|substitute|suppress|swap|synchroni[sz]e|"
    r"terminate|throttle|toggle|transform|translate|trigger|understand|uninstall|unstructure|use|"
    r"utili[sz]e|validate|verify|visuali[sz]e|wrap|write|yield"
)
AMBIGUOUS = re.compile(
    r"access|boost|break|build|bundle|cache|call|cancel|change|check|clone|command|contact|control|"
    r"copy|count|create|debug|decode|defer|delay|design|display|document|download|drop|dump|end|exit|"
    r"export|extract|fake|filter|find|fix|force|format|group|help|hook|host|import|insert|install|"
    r"join|limit|link|list|listen|load|lock|log|look|map|mark|match|merge|mock|name|nest|order|"
    r"package|parse|patch|pin|place|plug|post|process|profile|prompt|query|queue|raise|react|record|"
    r"reject|request|reset|retry|return|review|route|run|sample|scan|schedule|search|secure|separate|"
    r"set|share|show|sign|split|start|stop|store|stream|structure|style|subclass|support|switch|tag|"
    r"target|tell|test|time|trace|track|treat|turn|type|update|upload|value|view|visit|wait|watch|"
    r"work"
)
"""Verbs that are nouns as often: "Test client" is no task, "Test the client" is."""
DOUBLED = re.compile(
    r"begin|commit|cut|debug|drop|embed|fit|format|get|hit|let|log|map|omit|pin|plan|plug|put|refer|rerun|reset|run|scan|set|ship|shut|skip|"
    r"split|stop|strip|submit|swap|tag|transfer|trim|wrap"
)


def is_verb(word: str) -> bool:
    """Whether the word is the base form of a verb that documentation uses, be it a noun as well."""
    return VERBS.fullmatch(word.lower()) is not None or AMBIGUOUS.fullmatch(word.lower()) is not None


def ing(phrase: str) -> str:
    """ "add a rule" is "adding a rule", "create and run" is "creating and running"."""
    verb, _, rest = phrase.partition(" ")
    both = re.match(r"(and|or) (\w+)(.*)", rest)
    if both and is_verb(both[2]):
        rest = f"{both[1]} {gerund(both[2])}{both[3]}"
    return f"{gerund(verb)} {rest}".strip()


def gerund(verb: str) -> str:
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return f"{verb}{verb[-1]}ing" if DOUBLED.fullmatch(verb) else f"{verb}ing"


def third_person(verb: str) -> str:
    """ "carry" is "carries", "pass" is "passes", "add" is "adds"."""
    irregular = {"have": "has", "do": "does", "go": "goes", "be": "is"}
    if verb in irregular:
        return irregular[verb]
    if verb.endswith("y") and verb[-2:-1] not in tuple("aeiou"):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh")) else f"{verb}s"


def _forms() -> tuple[dict[str, str], dict[str, str]]:
    """-ing forms and third persons to verbs. A character class in the lists stands for both spellings."""
    gerunds, thirds = {}, {}
    for word in f"{VERBS.pattern}|{AMBIGUOUS.pattern}".split("|"):
        for verb in (word.replace("[sz]", "s"), word.replace("[sz]", "z")):
            gerunds[gerund(verb)] = verb
            thirds[third_person(verb)] = verb
    return gerunds, thirds


GERUNDS, THIRD_PERSONS = _forms()
"""To the base form, from "adding" and from "adds"."""


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


AUXILIARY = re.compile(
    r"is|are|was|were|can|cannot|can't|could|must|should|will|won't|would|does|doesn't|do|don't|has|have|may|might|isn't|aren't|need|needs|also|only|always|never|"
    r"works?|returns?|creates?|calls|starts?|stops?|waits?|raises|takes?|deals|goes|go|comes?|come|wants?|looks?|sets|runs?|supports?|stores|behaves?|lets?|falls|fall|"
    r"knows?|lives?|keeps?|holds?|happens?|follows?|applies|apply|treats?|requires?|require|implements?|offers?|accepts?|checks|tries|builds|loads|allow|makes?|gets?|seems?|does|did|(?!only\b|family|assembly|reply|early)\w+ly"
)
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
        if index and (
            AUXILIARY.fullmatch(word) or (word in THIRD_PERSONS and VERBS.fullmatch(THIRD_PERSONS[word]))
        ):
            found = " ".join(words[:index])
            return "" if NO_SUBJECT.search(re.sub(r"`[^`]*`", "`x`", found)) else found
        if index and VERBS.fullmatch(word) and is_plural(" ".join(words[:index])):
            found = " ".join(words[:index])
            return "" if NO_SUBJECT.search(found) else found
    return ""
