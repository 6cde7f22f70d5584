"""The syntax tree of a file of the project, for the three tools that work on one."""

from typing import TYPE_CHECKING

from punie_data.code.limits import too_much
from punie_data.tools.workspace import Workspace

if TYPE_CHECKING:
    import libcst as cst


def parsed(workspace: Workspace, file_path: str) -> "cst.Module | str":
    """The tree; or why there is none, in words for `parse_error`. Source on which the parser would die or hang is refused."""
    import libcst as cst

    text = workspace.text(file_path)
    if text is None:
        return f"no such file: {file_path}"
    if "\0" in text:
        return f"{file_path} holds NUL bytes"
    if trouble := too_much(text.encode()):
        return f"{file_path}: {trouble}"
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        return f"{file_path}:{error.raw_line}: {error.message}"
    except (cst.CSTLogicError, cst.CSTValidationError) as error:
        return f"{file_path}: LibCST cannot read it: {error}"
    except RecursionError:
        return f"{file_path} is nested too deeply"
