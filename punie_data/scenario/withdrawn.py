"""Which tools may stay at hand when one is withdrawn: only those that could not answer in its place, not even in part."""

CODE = ("list_files", "git_status", "git_log", "typecheck", "ruff_check", "write_file")
"""Running the tests would tell which there are, and in which files: it goes with what reads."""
LISTING = ("hover", "goto_definition", "find_references", "call_hierarchy", "type_hierarchy", "git_log", "write_file",
           "cst_rename", "cst_add_import")  # fmt: skip
"""What reads a file by its path is not among them, nor what runs all tests: either tells whether a file is there."""
LINTING = ("goto_definition", "find_references", "hover", "document_symbols", "workspace_symbols", "call_hierarchy", "type_hierarchy",
           "git_status", "git_log", "list_files", "typecheck", "pytest_run")  # fmt: skip
TYPING = (
    "document_symbols",
    "workspace_symbols",
    "git_status",
    "git_log",
    "list_files",
    "ruff_check",
    "search_text",
    "cst_find_pattern",
)
READING = ("read_file", "list_files", "search_text", "typecheck", "ruff_check", "goto_definition", "find_references", "hover", "document_symbols",
           "workspace_symbols", "find_implementations", "call_hierarchy", "type_hierarchy", "cst_find_pattern")  # fmt: skip
TESTING = (*READING, "git_status", "git_log", "git_diff")
CHANGING = ("list_files", "git_status", "git_log", "typecheck", "ruff_check", "pytest_run")
"""What a renaming would change can be read off the source as well."""
LEFT = {
    "goto_definition": CODE, "find_references": CODE, "hover": CODE, "document_symbols": CODE, "workspace_symbols": CODE, "find_implementations": CODE,
    "call_hierarchy": CODE, "type_hierarchy": CODE, "search_text": CODE, "cst_find_pattern": CODE, "read_file": CODE, "list_files": LISTING,
    "ruff_check": LINTING, "typecheck": TYPING, "git_status": READING, "git_log": READING, "git_diff": READING, "pytest_run": TESTING,
    "cst_rename": CHANGING, "cst_add_import": CHANGING, "write_file": TESTING, "run_command": TESTING,
}  # fmt: skip
COMMANDS = ("run_command", "execute_code")
"""On what no tool is for, a command line could be tried, or code that reaches one: they go."""
