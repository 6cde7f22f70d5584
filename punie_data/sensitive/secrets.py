"""Credentials: keys and tokens of well-known shapes, private keys, JWTs, passwords in connection strings, headers and assignments.

A shape alone is not enough. Documentation is full of keys that are none (`AKIAIOSFODNN7EXAMPLE`, `ghp_xxxx…`), so that what is found must also
look as if it had been drawn by chance. The shapes are the issuers' own, as they document them for such searches.
"""

import base64
import binascii
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import orjson

from punie_data.sensitive.found import Found, entropy, looks_random

_PLACEHOLDER = re.compile(
    r"example|change_?me|placeholder|dummy|sample|fake|xxxx|\*\*\*|your|insert|replace|redacted|deadbeef|"
    r"0000|1234|abcd|\.\.\.|…|<|\$\{|\{\{|%\(",
    re.IGNORECASE,
)
_NO_PASSWORD = re.compile(
    r"(?:my|the|a|db|user|some|test)?[_-]?(?:pass(?:word|wd|phrase)?|pwd|pw|secret|token|key|credentials?|x-oauth-basic|tiger|hunter2|"
    r"admin|root|guest|postgres|mysql|redis|mongo|rabbitmq|user(?:name)?|test|foo|bar|baz|qux|spam|eggs|ham|abc|name|none|null|value|"
    r"[x*.#•_-]+)[\d_-]*",
    re.IGNORECASE,
)
_NOBODYS_HOST = re.compile(
    r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid)$|^(?:host(?:name|spec)?|your[\w.-]*|server|domain(?:\.\w+)?|site\.org|foo(?:\.\w+)?|bar(?:\.\w+)?|"
    r"proxy(?:\.\w+)?)$",
    re.IGNORECASE,
)
_PUBLISHED = (
    "SflKxwRJSMeKKF2QT4",  # the signature of the token that every introduction to JWT shows
    "192b9bdd22ab9ed4d1",  # Flask's documentation
    "09d25e094faa6ca255",  # FastAPI's
)
"""How values begin that documentation has made everybody's."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`anchors` are texts of which a match holds one, so that most texts are never searched. `bits` is the entropy asked of what is found."""

    name: str
    anchors: tuple[str, ...]
    pattern: str
    bits: float = 3.0
    check: Callable[[re.Match[str]], bool] | None = None


def _not_placeholder(found: re.Match[str]) -> bool:
    return not _PLACEHOLDER.search(found[0])


def _has_digit(found: re.Match[str]) -> bool:
    return any(c.isdigit() for c in found[0]) and _not_placeholder(found)


def _is_token(found: re.Match[str]) -> bool:
    """A JWT: its head is JSON that names an algorithm."""
    head, _, signature = found[0].split(".")
    if signature.startswith(_PUBLISHED):
        return False
    try:
        value = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError):
        return False
    return isinstance(value, dict) and "alg" in value


def _is_private_key(found: re.Match[str]) -> bool:
    """Behind the head stands key material, and not code that only looks for such a head."""
    return entropy(found[1]) > 4.0 and not _PLACEHOLDER.search(found[1][:20].replace("AAAA", ""))


def _is_connection(found: re.Match[str]) -> bool:
    user, password, host = found[1], found[2], found[3]
    if password == user or _is_no_password(password) or _NOBODYS_HOST.search(host):
        return False
    here = "." not in host or host == "127.0.0.1" or host.endswith(".local")
    return looks_random(password, 3.0, 12) if here else len(password) >= 6


def _is_no_password(text: str) -> bool:
    text = unquote(text)
    told = sum(c.isdigit() for c in text) < 2 and re.search(
        "pass|pwd|p@ss|secret|sesame", text, re.IGNORECASE
    )
    return bool(told or _NO_PASSWORD.fullmatch(text) or _PLACEHOLDER.search(text))


def _is_basic(found: re.Match[str]) -> bool:
    try:
        user, colon, password = base64.b64decode(found[1], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return bool(colon) and password.isprintable() and len(password) >= 6 and password != user and not _is_no_password(password)  # fmt: skip


def _is_bearer(found: re.Match[str]) -> bool:
    return looks_random(found[1]) and not _PLACEHOLDER.search(found[1])


def _is_assigned(found: re.Match[str]) -> bool:
    value = found[1]
    said = _PLACEHOLDER.search(value) or re.search("secret|password|token|test", value, re.IGNORECASE)
    return looks_random(value) and not said and not value.startswith(_PUBLISHED)


def _is_assigned_bare(found: re.Match[str]) -> bool:
    value = found[1]
    return _is_assigned(found) and entropy(value) > 4.0 and value.upper() != value and value.lower() != value


_NAME = r"(?:password|passwd|passphrase|secret|token(?!iz|s\b)|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|auth(?!or))[\w-]{0,20}"
_NAMES = ("passw", "passphrase", "secret", "token", "api_key", "api-key", "apikey", "access_key", "access-key", "accesskey",
          "private_key", "private-key", "privatekey", "account_key", "account-key", "accountkey", "auth")  # fmt: skip
_STEMS = (
    "passw",
    "passphr",
    "secret",
    "token",
    "auth",
    "_key",
    "-key",
    "apikey",
    "accesskey",
    "privatekey",
    "accountkey",
)
_NAMES_VALUE = re.compile(
    # Where such a name is given a value at all: in a text, or in JSON, where quotes are escaped.
    rf"(?:{'|'.join(re.escape(name) for name in _NAMES)})[\w-]{{0,40}}[\\\"']{{0,8}}(?:\s|\\[nrt])*[=:,]"
).search
_B, _E = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
SHAPES = (
    Shape("an AWS access key", ("AKIA", "ASIA"), rf"{_B}(?:AKIA|ASIA)[A-Z0-9]{{16}}{_E}", 3.0, lambda f: not f[0].endswith("EXAMPLE")),
    Shape("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), rf"{_B}gh[pousr]_[A-Za-z0-9]{{36,255}}{_E}", 3.5, _has_digit),
    Shape("a GitHub token", ("github_pat_",), rf"{_B}github_pat_[A-Za-z0-9_]{{40,255}}", 3.5, _has_digit),
    Shape("a GitLab token", ("glpat-",), rf"{_B}glpat-[\w-]{{20,255}}", 3.5, _has_digit),
    Shape("a Slack token", ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-"), rf"{_B}xox[abeoprs]-[A-Za-z0-9-]{{20,255}}", 3.2, _has_digit),
    Shape("a Slack webhook", ("hooks.slack.com/",), r"hooks\.slack\.com/(?:services|workflows)/T\w{8,}/[AB]\w{8,}/\w{20,}", 3.5, _not_placeholder),
    Shape("a Discord webhook", ("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,}", 3.5),
    Shape("a model provider's key", ("sk-",), rf"{_B}sk-(?=[\w-]{{0,48}}[A-Za-z0-9]{{16}})[\w-]{{32,255}}", 3.5, _has_digit),
    Shape("a Hugging Face token", ("hf_",), rf"{_B}hf_[A-Za-z0-9]{{34}}{_E}", 3.8, _not_placeholder),
    Shape("a model provider's key", ("gsk_", "xai-"), rf"{_B}(?:gsk_[A-Za-z0-9]{{52}}|xai-[A-Za-z0-9]{{80}}){_E}", 3.8, _has_digit),
    Shape("a Replicate token", ("r8_",), rf"{_B}r8_[A-Za-z0-9]{{37}}{_E}", 3.8, _has_digit),
    Shape("a Google key", ("AIza",), rf"{_B}AIza[\w-]{{35}}{_E}", 3.5, _not_placeholder),
    Shape("a Google secret", ("GOCSPX-", "ya29."), rf"{_B}(?:GOCSPX-[\w-]{{28}}|ya29\.[\w-]{{30,}})", 3.5, _not_placeholder),
    Shape("a Stripe key", ("k_live_", "k_test_", "whsec_"), rf"{_B}(?:[rs]k_(?:live|test)_[A-Za-z0-9]{{20,}}|whsec_[A-Za-z0-9]{{24,}})", 3.5, _has_digit),
    Shape("a SendGrid key", ("SG.",), rf"{_B}SG\.[\w-]{{22}}\.[\w-]{{43}}", 4.0),
    Shape("a Twilio key", ("SK",), rf"{_B}SK[0-9a-f]{{32}}{_E}", 3.2),
    Shape("a Mailgun key", ("key-",), rf"{_B}key-[0-9a-f]{{32}}{_E}", 3.2),
    Shape("a Mailchimp key", ("-us",), rf"{_B}[0-9a-f]{{32}}-us\d{{1,2}}{_E}", 3.2),
    Shape("a token of a package index", ("npm_", "pypi-AgE"), rf"{_B}(?:npm_[A-Za-z0-9]{{36}}{_E}|pypi-AgE[\w-]{{50,}})", 3.8, _has_digit),
    Shape("a Telegram bot's token", (":AA",), rf"{_B}\d{{8,10}}:AA[\w-]{{33}}{_E}", 4.0),
    Shape("a cloud provider's token", ("o_v1_", "op_v1_", "or_v1_"), rf"{_B}do[opr]_v1_[a-f0-9]{{64}}{_E}", 3.2),
    Shape("a Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), rf"{_B}shp(?:at|ca|pa|ss)_[a-fA-F0-9]{{32}}{_E}", 3.2),
    Shape("a Databricks token", ("dapi",), rf"{_B}dapi[0-9a-f]{{32}}{_E}", 3.2),
    Shape("a Vault token", ("hvs.",), rf"{_B}hvs\.[\w-]{{24,}}", 3.8, _has_digit),
    Shape("an Azure storage key", ("AccountKey=",), r"AccountKey=[A-Za-z0-9+/]{86}==", 4.0),
    Shape("a private key", ("AGE-SECRET-KEY-1",), rf"{_B}AGE-SECRET-KEY-1[0-9A-Z]{{58}}", 3.8),
    Shape("a private key", ("PRIVATE KEY",), r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[^-]{0,120}?|[^-]{0,60}-[A-Za-z0-9-]{1,20}[^-]{0,80}?)(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{40,4096})", 0.0, _is_private_key),
    Shape("a JSON web token", ("eyJ",), rf"{_B}eyJ[\w-]{{10,2048}}\.eyJ[\w-]{{10,8192}}\.[\w-]{{20,2048}}", 4.0, _is_token),
    Shape("a password in a URL", ("://",), r"(?<=[A-Za-z0-9])://([^\s:/@'\"<>{}$\\]{0,64}):([^\s@/'\"<>{}$\\]{1,128})@([\w.-]{1,255})", 0.0, _is_connection),
    Shape("a header with a password", ("asic ",), r"\b[Bb]asic ([A-Za-z0-9+/]{12,512}={0,2})(?![A-Za-z0-9+/=])", 0.0, _is_basic),
    Shape("a header with a token", ("earer ",), r"\b[Bb]earer ([A-Za-z0-9._~+/-]{20,2048}=*)", 0.0, _is_bearer),
    Shape("a password or token that is set", _NAMES, rf"(?i:{_NAME})[\"']?\s*(?::=|=>|[=:,]|==)\s*[bru]?[\"']([A-Za-z0-9+/_=.-]{{20,200}})[\"']", 0.0, _is_assigned),
    Shape("a password or token that is set", _NAMES, rf"(?i:{_NAME})[ \t]*[=:][ \t]*([A-Za-z0-9+/_=-]{{24,200}})(?=\s|$|\\)", 0.0, _is_assigned_bare),
)  # fmt: skip
ANCHORS = tuple(dict.fromkeys(anchor for shape in SHAPES for anchor in shape.anchors))
_LOWER = frozenset(_NAMES)
_EXACT = tuple(anchor for anchor in ANCHORS if anchor not in _LOWER)


@functools.cache
def _compiled(shape: Shape) -> re.Pattern[str]:
    return re.compile(shape.pattern)


def is_secret_name(key: str) -> bool:
    """Whether a key's name says that its value is a secret: `client_secret`, `api-key`."""
    lower = key.lower()
    return any(name in lower for name in _NAMES)


def may_hold_secret(text: str) -> bool:
    """Whether a search is worth it. It never denies what `find_secrets` would find."""
    for anchor in _EXACT:  # a plain loop: `any` over a generator costs more than the search
        if anchor in text:
            return True
    lower = text.lower()
    for name in _STEMS:
        if name in lower:
            return _NAMES_VALUE(lower) is not None
    return False


def find_secrets(text: str) -> Iterator[Found]:
    """What looks like a credential, each place once."""
    lower = text.lower()
    taken: list[tuple[int, int]] = []
    for shape in SHAPES:
        here = lower if shape.anchors is _NAMES else text
        if not any(anchor in here for anchor in shape.anchors):
            continue
        for found in _compiled(shape).finditer(text):
            start, end = found.span()
            if any(start < last and first < end for first, last in taken):
                continue
            if entropy(found[0]) < shape.bits or (shape.check is not None and not shape.check(found)):
                continue
            taken.append((start, end))
            yield Found("secret", shape.name, start, end)
