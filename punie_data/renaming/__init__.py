"""A repository under other names: a counterfactual twin, whose every own name was replaced, and nothing else.

Who learned the repository by heart answers with the old names. A name is replaced everywhere at once, whatever it stands for, so that the program stays
the same; that is safe only for names which nothing outside of the repository has, and `survey` finds those that may be somebody else's.
"""
