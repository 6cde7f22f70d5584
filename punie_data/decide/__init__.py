"""Which system to deploy: criteria that are met only where measurements say so, and pages on which a person can check it."""
