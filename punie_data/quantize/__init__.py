"""From an adapter to something to deploy: fused into its model, rounded to few bits, and what of the training outlives the rounding."""
