"""`python -m punie_data` and the `punie-data` command."""

from punie_data.cli import main

if __name__ == "__main__":
    main()
