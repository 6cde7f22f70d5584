"""How mark-up marks things: the line patterns by which `markup` tells blocks apart, and the names of directives that it knows."""

import re

LANGUAGES = {"py": "python", "py3": "python", "python3": "python", "pycon3": "pycon", "shell": "console", "sh": "console",
             "shell-session": "console", "text": "", "none": "", "default": "", "yml": "yaml", "jinja2": "jinja"}  # fmt: skip
DIRECTIVE = re.compile(r"^\.\.\s+([A-Za-z][\w:+.-]*)::(?:\s+(.*))?$")
EXPLICIT = re.compile(r"^\.\.(?:\s|$)")
OPTION = re.compile(r"^\s*:[\w-]+:")
FENCE = re.compile(r"^(\s{0,3})(`{3,}|~{3,}|:{3,})\s*(\{[\w:+.-]+\})?\s*(.*?)\s*$")
BANG = re.compile(r"""^(?:!!!|\?\?\?\+?)\s+([\w-]+)[\w -]*(?:"[^"]*")?\s*$""")
SLASHES = re.compile(r"^///\s+([\w-]+)(?:\s*\|.*)?$")
ALERT = re.compile(r"^>\s*\[!(\w+)\]\s*$")
BULLET = re.compile(r"^(\s{0,3})([-*+•]|#\.|\(?\d{1,3}[.)])(\s+)(?=\S)")
FIELD = re.compile(r"^:[A-Za-z][\w .,|*`\[\]-]*:(?:\s|$)")
TABLE = re.compile(
    r"^(?:\+[-=+]+\+?|\|.*|[=-]{2,}(?: +[=-]{2,})+)\s*$|^[^|]*\|?[\s:-]*-{2,}[\s:|-]*\|[\s:|-]*$"
)
TRANSITION = re.compile(r"^([-=*_~^#+])\1{2,}$")
IGNORED = re.compile(
    r"^(?:\([\w:.-]+\)=|%(?: .*)?|\[(?!\^)[^\]]+\]:\s.*|\[\^[^\]]+\]:.*|\{:?\s*[.#][^}]*\}|<!--.*-->|<a (?:id|name)=[^>]*>(?:</a>)?|</?(?:br|p|div|center)[^>]*>)$"
)
HEADING = re.compile(r"^#{1,6}\s")
SECTION = re.compile(
    r"^(?:args|arguments|parameters?|params|other parameters|keyword args|keyword arguments|kwargs|returns?|yields?|raises?|attributes?|methods?|"
    r"examples?|notes?|warnings?|warns|see also|references?|todo|usage|since|receives|properties)\s*:?\s*$",
    re.IGNORECASE,
)
CODE_DIRECTIVES = re.compile(
    r"code-block|code|sourcecode|prompt|ipython|doctest|testcode|click:example|parsed-literal"
)
NOTES = re.compile(
    r"note|warning|tip|hint|important|caution|danger|attention|info|admonition|best-practice", re.IGNORECASE
)
ASIDES = re.compile(
    r"version\w+|deprecated|index|rst-class|highlight|currentmodule|module|contents|image|figure|only|meta|seealso|sectionauthor|"
    r"moduleauthor|toctree|py:currentmodule|py:module|role|default-role|target-notes|testsetup|testcleanup|invisible-code-block|skip|topic|"
    r"tags|container|centered|sidebar|youtube|video|figure-md"
)


def python_like(text: str) -> bool:
    """Whether a literal block without a language looks like Python and not like a shell, a layout of folders or an output."""
    first = text.lstrip().partition("\n")[0]
    if first.startswith(("$", "%", "#!", "<", "{", "pip ", "python ", "export ")):
        return False
    return bool(
        re.search(
            r"^\s*(?:import|from|def|class|with|for|if|async|await|return|raise|try|@)\b|^\s*[\w.]+\s*=\s|^[\w.]+\(",
            text,
            re.MULTILINE,
        )
    )
