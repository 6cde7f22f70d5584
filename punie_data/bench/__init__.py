"""How fast systems are, what they take, and how steady that is: each run in a process of its own, runs of different systems in turn."""
