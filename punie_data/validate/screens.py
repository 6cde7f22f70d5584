"""What texts are looked through for, as regular expressions of the compiled validator: linear, and a hundred times faster than Python's.

Each is a superset of what some rules look for. Literals first: an expression that begins with one is searched for at the speed of memory, one that
does not a hundred times slower. So a row is looked through for what is cheap to find, and only where that is found for what is meant.
"""

from collections.abc import Callable

import jsonschema_rs

from punie_data.validate.answer_rules import VACUOUS

Screen = Callable[[str], bool]
"""Whether a text holds none of some patterns."""

_TOKENS = (
    r"<\||<｜|</?tool_|<function=|<<SYS>>|<start_of|<end_of",
    r"INST\]|TOOL_CALLS\]|AVAILABLE_TOOLS\]|TOOL_RESULTS\]",
)
_LOCAL_PATHS = r"/home/|/Users/|:[\\/]+(?:[Uu]sers|Documents)"
_KEYS = (
    r"AKIA|ASIA|gh[pousr]_|github_pat_|xox[abeoprs]-|PRIVATE KEY|glpat-|hooks\.slack\.com/|/api/webhooks/|AccountKey=|AGE-SECRET-KEY",
    r"k_live_|k_test_|whsec_|npm_|pypi-AgE|do[opr]_v1_|shpat_|shpca_|shppa_|shpss_|dapi[0-9a-f]{32}|hvs\.|hf_|gsk_|xai-|r8_|GOCSPX-|ya29\.",
    r"sk-[A-Za-z0-9_-]{32}|AIza|eyJ[A-Za-z0-9_-]{10}|SG\.[A-Za-z0-9_-]{22}|SK[0-9a-f]{32}|key-[0-9a-f]{32}|-us[0-9]|:AA[A-Za-z0-9_-]{33}",
    r"asic [A-Za-z0-9+/]{12}|earer [A-Za-z0-9._~+/-]{20}|://[^ /@]{0,64}:[^ /@]{1,128}@",
)
# The texts stand in a JSON line: quotes and line ends are escaped, in a result that is JSON itself twice.
_ASSIGNED = r"[\w-]{0,20}(?:\\*[\x22'])?(?:\s|\\+[nrt])*[=:,>]{1,2}(?:\s|\\+[nrt])*[bru]?(?:\\*[\x22'])?[A-Za-z0-9+/_=.-]{20}"
_PROMISE = r"(?i)\b(?:i(?:'|’)?ll|i will|i(?:'|’)m going|i am going|i(?:'|’)d need|let me|let(?:'|’)?s|let us|allow me|i need|i should|going to)\b"
_SUMS = r"%|,[0-9]"

LINE = (
    # How the literals are grouped was measured: a group of too many is searched without the help of the processor's vectors.
    rf"{_TOKENS[0]}|/home/|[\\/](?:[Uu]sers|Documents)",
    r"INST\]|_CALLS\]|_TOOLS\]|_RESULTS\]",
    _KEYS[0],
    r"(?:_live|_test|whsec|npm|_v1|shp[acps][ats]|hf|gsk|r8)_|pypi-AgE|dapi[0-9a-f]|hvs\.|xai-|GOCSPX-|ya29\.",
    r"sk-[A-Za-z0-9_-]{16}|AIza|eyJ[A-Za-z0-9_-]|SG\.[A-Za-z0-9_-]|SK[0-9a-f]{4}|key-[0-9a-f]{8}|-us[0-9]|:AA[A-Za-z0-9_-]{8}",
    _KEYS[3],
    r"@[A-Za-z0-9-]+\.",
    r"(?i:passw|passp|secret|token|auth)",
    r"[kK][eE][yY]",
)
"""What any rule over texts needs, in a row written as JSON."""
BY_GROUP = {
    "tokens": _TOKENS,
    "local paths": (_LOCAL_PATHS,),
    # `[^\\][nrt]@` is a line end before a decorator, and no address.
    "addresses": (r"(?:[a-mo-qsu-zA-Z0-9_.+-]|[^\\][nrt]|\\\\[nrt]|[^\x00-\x7f])@[A-Za-z0-9-]+\.[A-Za-z]",),
    "secrets": (
        *_KEYS,
        *(
            f"(?i:{word}){_ASSIGNED}"
            for word in ("passwd", "password", "passphrase", "secret", "token", "auth")
        ),
        *(f"(?i:{word}[_-]?key){_ASSIGNED}" for word in ("api", "access", "private", "account")),
    ),
}
SPEECH = (
    r"~~~|````|https?://",
    r"<\/?(?:think|thinking|reasoning|scratchpad|answer|tool_use|tool_result|function_calls)>",
    r"(?i)[(\[]\s*(?:example|variation|variant|sample)",
)
ANSWER = {"vacuous": rf"(?is){VACUOUS}", "numbers": _SUMS, "promise": _PROMISE}


def screen(*patterns: str) -> Screen:
    """Whether a text holds none of the patterns, as one function. Several short ones are much faster than one long alternation."""
    schema = {"allOf": [{"not": {"pattern": pattern}} for pattern in patterns]}
    return jsonschema_rs.validator_for(schema, pattern_options=jsonschema_rs.RegexOptions()).is_valid
