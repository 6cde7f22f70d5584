"""Documentation and docstrings: sections, blocks, readable passages, and what their headings are about."""
