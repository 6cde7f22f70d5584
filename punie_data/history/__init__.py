"""The tracker that keeps itself: every training, fusion, quantization, evaluation and bench in one file, and what they add up to.

`ledger` is the file, `outcomes` makes a record of what a command did, `reported` brings results that were measured elsewhere, `systems` finds out which
records speak of the same weights, and `tracker` writes the pages.
"""
