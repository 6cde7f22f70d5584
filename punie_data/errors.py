"""Three kinds of trouble: ours is a traceback, the user's is one line, the data's is a `Rejected` (see `chat`)."""

import errno

DEVICE_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""What a write can say of its device: full, over a limit, read-only, broken. The user's to mend, wherever it comes up."""

PATH_TROUBLE = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR})
"""What the system can say of a path that somebody named."""


class UserError(Exception):
    """Something the user can mend. The message is one line that says what to do; the command exits with 2."""


class ToolUnavailable(Exception):
    """A tool cannot run here (not installed, timed out, died). The examples that need it are not made; the ledger says why."""


class ToolFailed(ToolUnavailable):
    """It is there and did not do its work this time: it hung, died, or was not let. The next run tries again."""
