"""Rules over rows: what a row is checked for, with a stable code, a level and an explanation each.

`check.Checker` runs them, `catalogue.RULES` lists them. A rule is a function; the modules `*_rules` group them as their codes do:
PD1xx the line, the format and the record; PD2xx turns; PD3xx calls; PD4xx results; PD5xx answers; PD7xx what must not be published.
"""
