"""The structure, kept by a test and not by review: layers, doors, cycles, size."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "punie_data"
LAYERS = (
    ("errors", "resources", "plain", "temporary", "described", "manifest", "sensitive", "licences"),
    ("chat", "question"),
    ("jsonl",),
    ("dataset", "toml_file"),
    ("corpus",),
    ("code", "documents"),
    ("renaming",),
    ("tools",),
    ("scenario",),
    ("generators",),
    ("generate",),
    ("dialects",),
    ("importing",),
    (
        "validate",
        "verify",
        "show",
        "dedupe",
        "decontaminate",
        "split",
        "balance",
        "lineage",
        "scorers",
        "gate",
    ),
    ("stats", "diff"),
    ("build", "export", "preflight"),
    ("models",),
    ("train", "quantize", "evaluate", "bench"),
    ("report", "decide"),
    ("history",),
    ("train_and_eval",),
    ("cli",),
)
"""A module imports from its own group and from groups above it in this list, never from one below."""
DOORS = {
    "click": {"cli"},
    "libcst": {"code", "tools", "renaming"},
    "jsonschema": {"validate", "corpus", "toml_file", "evaluate"},
    "jsonschema_rs": {"validate"},
    "rich": {"cli", "show"},
    "pydantic_monty": {"tools"},
    "markdown_it": {"documents"},
    "platformdirs": {"corpus"},
    "sqlite3": {"generate", "history"},
    "highspy": {"balance"},
    "rensa": {"dedupe"},
    "numpy": {"balance", "bench", "dedupe", "evaluate", "split"},
    "mlx": {"models", "train", "quantize", "evaluate", "bench", "preflight", "train_and_eval"},
    "tokenizers": {"dialects", "models", "stats"},
    "jinja2": {"dialects", "report"},
    "datasets": {"export"},
    "huggingface_hub": {"export", "models"},
    "mlx_lm": {"models", "dialects", "export", "preflight", "train", "quantize", "evaluate", "bench"},
}
"""Who may import what. Generators may import LibCST too."""
LONGEST = 420
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(PACKAGE.rglob("*.py"))
}
FACADE = {"punie_data", "punie_data.__main__"}


def imports(file: Path) -> list[tuple[str, bool]]:
    """Every module that a file imports (the names of a `from … import` too, where they are modules), and whether at its top."""
    tree = ast.parse(file.read_text())
    top = {id(node) for node in tree.body}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.append((whole if whole in MODULES else node.module, id(node) in top))
        elif isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f"{file}: imports are absolute")
    return found


def layer(module: str) -> int:
    part = module.split(".")[1]
    return next(number for number, group in enumerate(LAYERS) if part in group)


@pytest.mark.parametrize("module", [m for m in MODULES if m not in FACADE])
def test_a_module_imports_only_from_its_layer_and_those_before(module: str) -> None:
    """Else the middle of the house leans on its roof, and nothing can be used without everything."""
    for name, _ in imports(MODULES[module]):
        if name.startswith("punie_data.") and name not in FACADE:
            assert layer(name) <= layer(module), f"{module} imports {name}"


@pytest.mark.parametrize("module", [m for m in MODULES if m not in FACADE])
def test_libraries_come_in_by_their_door(module: str) -> None:
    """Else a library spreads, and `validate` starts to need LibCST."""
    for name, _ in imports(MODULES[module]):
        doors = DOORS.get(name.partition(".")[0])
        assert doors is None or module.split(".")[1] in doors, f"{module} imports {name}"


def test_there_is_no_cycle() -> None:
    """Else two modules are one that doesn't know it. Imports inside functions count as well; those for type checking don't run."""
    edges = {
        module: {
            name for name, _ in imports(file) if name in MODULES and name != module and name not in FACADE
        }
        for module, file in MODULES.items()
    }
    for module, file in MODULES.items():
        tree = ast.parse(file.read_text())
        for node in tree.body:
            if (
                isinstance(node, ast.If)
                and isinstance(node.test, ast.Name)
                and node.test.id == "TYPE_CHECKING"
            ):
                for inner in node.body:
                    if isinstance(inner, ast.ImportFrom) and inner.module:
                        edges[module].discard(inner.module)
    done: set[str] = set()
    while len(done) < len(edges):
        free = {module for module in edges if module not in done and not edges[module] - done}
        assert free, f"a cycle among {sorted(set(edges) - done)}"
        done |= free


@pytest.mark.parametrize(
    "file", sorted([*PACKAGE.rglob("*.py"), *(ROOT / "generators").glob("*.py")]), ids=lambda f: f.name
)
def test_no_module_is_much_over_four_hundred_lines(file: Path) -> None:
    """Else it has stopped being one idea."""
    assert len(file.read_text().splitlines()) <= LONGEST


def test_nobody_imports_a_generator() -> None:
    """Else the generators could not be replaced, and a wheel and a checkout would differ."""
    stems = {file.stem for file in (ROOT / "generators").glob("*.py")}
    for module, file in MODULES.items():
        for name, _ in imports(file):
            assert name.removeprefix("punie_data.generators.") not in stems or name == module, (
                f"{module} imports {name}"
            )


def test_a_tool_has_one_file_of_its_own_name() -> None:
    """Else nobody finds where a tool is run."""
    from punie_data.tools.registry import TOOLS

    for name in TOOLS:
        assert (PACKAGE / "tools" / f"{name}.py").is_file()


def test_no_file_names_a_vague_thing() -> None:
    """Else the drawer for everything opens."""
    for module in MODULES:
        assert not {"utils", "helpers", "manager", "common", "misc"} & set(module.split("."))
