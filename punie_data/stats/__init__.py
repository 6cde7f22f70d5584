"""The figures of a dataset: what `stats` prints, what `report` draws and what `diff` compares are counted here, once.

`survey.survey` reads a dataset and gives `figures.Figures`; `length` says how long a row is, `runs` what stands behind a call's result.
"""
