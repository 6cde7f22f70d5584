"""`python -m punie_data` and the `punie-data` command."""

import gc
import sys


def main() -> None:
    """Imports the command line when called: worker processes import this module, too, and have no use for it."""
    gc.disable()  # nothing that is imported is garbage: looking for some costs a tenth of the start
    try:
        from punie_data.cli import main as command_line
    except KeyboardInterrupt:  # so early that nobody listens yet
        sys.stderr.write("punie-data: stopped\n")
        sys.exit(130)
    finally:
        gc.enable()
    command_line()


if __name__ == "__main__":
    main()
