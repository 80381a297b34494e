"""The search page: a box on every page, what it finds and why, and what may have been meant."""
