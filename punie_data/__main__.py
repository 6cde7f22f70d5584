"""`python -m punie_data` and the `punie-data` command."""

import gc
import sys

# Nothing that is imported is garbage: looking for some costs a tenth of the start.
gc.disable()
try:
    from punie_data.cli import main
except KeyboardInterrupt:  # so early that nobody listens yet
    sys.stderr.write("punie-data: stopped\n")
    sys.exit(130)
finally:
    gc.enable()

if __name__ == "__main__":
    main()
