"""Tools that are run, never imagined: one file each with its signature, its typed result and the function that runs it."""
