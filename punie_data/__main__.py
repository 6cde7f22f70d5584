"""`python -m punie_data` and the `punie-data` command."""

import sys

try:
    from punie_data.cli import main
except KeyboardInterrupt:  # so early that nobody listens yet
    sys.stderr.write("punie-data: stopped\n")
    sys.exit(130)

if __name__ == "__main__":
    main()
