"""What generators are written with: scenes, grounding, and the words to say what results say."""
