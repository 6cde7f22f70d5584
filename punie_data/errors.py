"""Three kinds of trouble: ours is a traceback, the user's is one line, the data's is a `Rejected` (see `chat`)."""


class UserError(Exception):
    """Something the user can mend. The message is one line that says what to do; the command exits with 2."""


class ToolUnavailable(Exception):
    """A tool cannot run here (not installed, timed out, died). The examples that need it are not made; the ledger says why."""
