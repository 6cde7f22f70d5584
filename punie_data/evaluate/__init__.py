"""Ask a model what a dataset asks, score what it decides, and say whether a difference between two models is one."""
