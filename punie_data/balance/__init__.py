"""The largest subset of a dataset that keeps to a mix: how many rows may call a tool, come from one repository, and so on.

`mix` says what is asked for, `axes` what a row is, `census` counts a file, `cells` and `solve` find how many rows of each sort can stay,
`pick` which ones, `conflict` why it can't be done, `plan` puts these together and writes.
"""
