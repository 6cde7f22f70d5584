"""Personal data of well-known shapes: e-mail addresses, telephone numbers, public IP addresses, users' names in local paths.

What documentation writes for nobody (RFC 2606's domains, 555 numbers, RFC 5737's addresses, `/home/user`) is spared, and so is what only looks
like it: decorators, matrix products, versions, dates, hashes, times, line numbers.
"""

import ipaddress
import re
from collections.abc import Iterator
from itertools import pairwise

from punie_data.sensitive.found import Found

# It starts with a letter or a digit, so that a decorator in a diff (`+@pytest.fixture`) is none, and the look-behind keeps it linear.
EMAIL = re.compile(r"(?<![\w.])(\w[\w.+-]{0,63})@((?:[A-Za-z0-9-]{1,63}\.)+([A-Za-z]{2,24}))\b(?!\()")
RESERVED = re.compile(
    r"(?:^|[@.])(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local)$", re.IGNORECASE
)
_SHARED = frozenset({"git", "hg", "svn", "noreply", "no-reply", "donotreply"})
"""Accounts of programs: `git@host:owner/name` is where to clone from, and nobody's letter box."""
_PICTURE = re.compile(r"[1-4]x\.(?:png|jpe?g|gif|webp|svg|avif)", re.IGNORECASE)
_LONG_DOMAINS = frozenset({
    "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "name", "pro", "aero", "coop", "museum", "mobi", "jobs", "travel", "asia", "dev",
    "app", "page", "blog", "cloud", "tech", "online", "site", "store", "shop", "xyz", "email", "space", "website", "live", "life", "world", "today",
    "news", "media", "digital", "studio", "design", "agency", "company", "solutions", "services", "systems", "software", "engineering", "technology",
    "network", "host", "hosting", "team", "group", "global", "international", "foundation", "institute", "science", "university", "academy", "school",
    "education", "health", "care", "legal", "finance", "bank", "capital", "ventures", "consulting", "expert", "works", "zone", "tools", "codes",
    "computer", "berlin", "hamburg", "koeln", "bayern", "wien", "paris", "london", "nyc", "tokyo", "amsterdam", "swiss", "cat", "eus", "gal", "bzh",
    "scot", "wales", "frl", "nrw",
})  # fmt: skip
"""What an address ends with besides the two letters of a country: `a@b.sum` is a matrix product."""

IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)")
IPV6 = re.compile(
    r"(?<![\w:.])[23][0-9a-fA-F]{3}(?::[0-9a-fA-F]{1,4}){2,7}(?:::?(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4})*)?)?(?![\w:])"
)
_NETWORK_WORD = re.compile(
    r"(?:\b|_)(?:ips?|ipv4|addr(?:ess(?:es)?)?|hosts?|hostname|server|remote|client|peer|gateway|nameserver|dns|ssh|ping|curl|bind|listen|from|subnet|cidr|network)\W{1,12}$",
    re.IGNORECASE,
)
_VERSION_BEFORE = re.compile(
    r"(?:[=<>~^!]=?\s*|\bv(?:er(?:sion)?)?[\s.:=\"'-]*|(?:version|release)\S{0,3}\s+|[A-Za-z]/|[A-Za-z][\w.]*-|§\s?|\b(?:section|sec\.|chapter|clause|oid)\s+)$",
    re.IGNORECASE,
)
_RESOLVERS = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "1.2.3.4", "4.3.2.1", "123.123.123.123", "123.45.67.89", "123.45.67.8", "12.34.56.78", "208.67.222.222", "208.67.220.220",
                        "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001"})  # fmt: skip
"""Public resolvers and the address that everybody invents: they are nobody's own."""

PHONE = re.compile(
    r"(?<![\w+.)/-])(?P<plus>\+|00(?=[1-9]\d(?:[ -]|\d{9})))(?P<number>[1-9]\d{0,2}(?:[ .-]?\(\d{1,5}\)|[ .-]\d{1,5}|\d)(?:[ .-]?\d){5,12})(?![\w-]|[.,]\d)"
    r"|(?<![\w.)/+-])(?P<national>(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])[2-9]\d{2}[-.]\d{4})(?![\w-]|\.\d)"
)
_CALLING = re.compile(
    r"1[2-9]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|7|8[1246]|9[0-58]|2[1-6]\d|29\d|3[578]\d|42[013]|5[09]\d|6[789]\d|8[058]\d|9[679]\d"
)
_TELEPHONE_WORD = re.compile(
    r"(?:\b|_)(?:tel(?:ephone)?|phones?|mobile|cell|fax|call|whatsapp|sms|contact|number|hotline)\b.{0,24}$", re.IGNORECASE | re.DOTALL
)  # fmt: skip

_EVERYBODY = (
    r"(?i:(?:my|your|app|test|some|ec2|demo|web|the)?[_-]?(?:user(?:s|name)?|name|self|app)|[a-z]|you|me|alice|bob|carol|eve|johndoe|janedoe|"
    r"someone|somebody|foo|bar|baz|example|hello|project|projects|test|tester|demo|shared|public|guest|runner|runneradmin|vscode|codespace|node|nodejs|jovyan|"
    r"ubuntu|debian|vagrant|docker|pi|git|www|admin|administrator|root|circleci|travis|gitpod|coder|dev|developer|default|xxx|linuxbrew)"
)
HOME = re.compile(
    rf"(?:(?<![\w.~/-])|(?<=file://)|(?<=/mnt/[a-z]))/(?:home|Users)/(?!{_EVERYBODY}(?![\w-]))([A-Za-z_][\w.-]*)(?=/|\b)"
    rf"|(?<![A-Za-z0-9])[A-Za-z]:[\\/]+(?:[Uu]sers|Documents and Settings)[\\/]+(?!{_EVERYBODY}(?![\w-]))([A-Za-z_][\w.-]*(?: [A-Z][\w.-]*)?)"
)


def find_personal(text: str) -> Iterator[Found]:
    """Addresses, numbers and names, kind by kind. A kind is searched for only where its signs stand."""
    if "@" in text:
        yield from _emails(text)
    if _may_hold_phone(text):
        yield from _phones(text)
    if _DOTTED(text) or _COLONS(text):
        yield from _addresses(text)
    if _may_hold_home(text):
        yield from _homes(text)


def may_hold_personal(text: str) -> bool:
    """Whether a search is worth it. It never denies what `find_personal` would find."""
    return bool(
        ("@" in text and _AT(text))
        or _may_hold_home(text)
        or _DOTTED(text)
        or _COLONS(text)
        or _may_hold_phone(text)
    )


_AT = re.compile(r"@[A-Za-z0-9-]+\.").search
_DRIVE = re.compile(r":[\\/]+(?:[Uu]sers|Docu)").search
_IN_URL = re.compile(r"://[^\s/@]*$").search
_DOTTED = re.compile(r"\.\d{1,3}\.\d{1,3}\.\d").search
_COLONS = re.compile(r"[23][0-9a-fA-F]{3}:[0-9a-fA-F]{1,4}:").search
_PLUS = re.compile(r"\+[1-9]\d{0,3}[\d .(-]").search
# Each begins with a letter of its own: an expression that begins with a class of them is ten times as slow.
_DASHED = re.compile(r"-\d{4}(?!\d)").search
_POINTED = re.compile(r"\.\d{4}(?!\d)").search
_ABROAD = re.compile(r"00(?<![0-9a-mo-qsu-zA-Z.]00)[1-9]\d[ \d-]").search


_NO_NUMBER = re.compile(r"^\d{4}-\d\d-\d\d|^\d+\.\d+$").search
"""A date, a decimal."""


def _may_hold_phone(text: str) -> bool:
    return bool(("+" in text and _PLUS(text)) or _DASHED(text) or _POINTED(text) or _ABROAD(text))


def _may_hold_home(text: str) -> bool:
    return "/home/" in text or "/Users/" in text or bool(":" in text and _DRIVE(text))


def _emails(text: str) -> Iterator[Found]:
    for found in EMAIL.finditer(text):
        local, domain, end = found.groups()
        if RESERVED.search(domain) or local.lower() in _SHARED or _PICTURE.fullmatch(domain):
            continue
        if len(end) > 2 and end.lower() not in _LONG_DOMAINS:
            continue
        # `user:password@host` in a URL is an account's, and a matter of secrets.
        if _IN_URL(text[max(0, found.start() - 80) : found.start()]):
            continue
        yield Found("e-mail", f"an e-mail address at {domain}", *found.span())


def _addresses(text: str) -> Iterator[Found]:
    for found in IPV4.finditer(text):
        if _is_public(found[0]) and _is_meant_v4(text, found):
            yield Found("ip", f"the public address {found[0].partition('.')[0]}.…", *found.span())
    for found in IPV6.finditer(text):
        if _is_public(found[0]):
            yield Found("ip", f"the public address {found[0].partition(':')[0]}:…", *found.span())


def _is_public(text: str) -> bool:
    if text in _RESOLVERS:
        return False
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_meant_v4(text: str, found: re.Match[str]) -> bool:
    """Whether four numbers are an address and not a version: by what stands around them, else by their size."""
    head, tail = text[max(0, found.start() - 24) : found.start()], text[found.end() : found.end() + 3]
    octets = [int(part) for part in found[0].split(".")]
    if len({after - before for before, after in pairwise(octets)}) == 1:
        return False  # 11.22.33.44, 16.17.18.19: made up
    if head.endswith(("://", "@")) or re.match(r":\d|/\d", tail):
        return not (octets[-1] == 0 and octets[-2] == 0 and not tail.startswith("/"))
    if _VERSION_BEFORE.search(head):
        return False
    if _NETWORK_WORD.search(head):
        return True
    return sum(octet >= 32 for octet in octets) >= 3


def _phones(text: str) -> Iterator[Found]:
    for found in PHONE.finditer(text):
        before = text[max(0, found.start() - 40) : found.start()]
        told = bool(_TELEPHONE_WORD.search(before)) or before.endswith("tel:")
        if found["national"]:
            number = re.sub(r"\D", "", found["national"])
            area, rest = number[:3], number[3:]
            if (
                (found["national"][0] == "(" or told)
                and "555" not in (area, rest[:3])
                and not _invented(number)
            ):
                yield Found("phone", f"a telephone number ({area}) …", *found.span())
            continue
        number = re.sub(r"\D", "", found["number"])
        calling = _CALLING.match(number)
        if calling is None or not 8 <= len(number) <= 15 or _invented(number) or _fictional(number):
            continue
        if _NO_NUMBER(found["number"]):
            continue
        grouped = bool(re.search(r"[ .()-]", found["number"]))
        # Without groups, and at the head of a line of a diff, a plus and digits may be a number of any sort.
        if not told and (
            not grouped or (found["plus"] == "00") or (before[-1:] == "\n" and "." in found["number"])
        ):
            continue
        yield Found("phone", f"a telephone number +{number[:2]} …", *found.span())


def _invented(number: str) -> bool:
    return any(run in number for run in ("1234567", "2345678", "3456789", "0000000", "9876543")) or len(set(number[-7:])) == 1  # fmt: skip


def _fictional(number: str) -> bool:
    """Numbers that are kept free for stories: North America's 555, Ofcom's and the Bundesnetzagentur's."""
    return bool(
        re.match(r"1(?:555|\d{3}555)|44(?:0?20)?79460|441632960|447700900|49(?:30|40|69|89|221)?(?:23125|66969|90009)", number)
    )  # fmt: skip


def _homes(text: str) -> Iterator[Found]:
    for found in HOME.finditer(text):
        group = 1 if found[1] is not None else 2
        yield Found("home", f"a user's name in the path {text[found.start():found.start(group)]}…", *found.span(group))  # fmt: skip
