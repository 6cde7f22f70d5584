"""Train an adapter with mlx-lm's layers and our own batches: loss on every assistant turn, and a run that goes on where it was killed."""
