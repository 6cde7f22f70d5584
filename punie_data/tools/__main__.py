"""`python -m punie_data.tools` writes the tools' JSON Schemas anew."""

import json

from punie_data.resources import path_of
from punie_data.tools.registry import document

if __name__ == "__main__":
    target = path_of("schemas") / "tools.schema.json"
    target.write_text(json.dumps(document(), indent=1) + "\n")
