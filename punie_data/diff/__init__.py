"""What became of a dataset: its rows matched one by one with another's, its composition and its manifest beside the other's.

`compare.compare` is the whole; `rows` reads and matches, `manifest` compares manifests.
"""
