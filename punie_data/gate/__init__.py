"""The gate before publication: what must not leave the house, in any text of a row, and under which licences rows may.

`residue` finds, `redacted` mends a row where it stays true, `scan` does either with a file or a dataset. Nothing is published over a finding.
"""

from punie_data.gate.redaction import Refused, redacted
from punie_data.gate.residue import Residue, residue, residue_of

__all__ = ["Refused", "Residue", "redacted", "residue", "residue_of"]
