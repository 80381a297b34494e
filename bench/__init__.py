"""What the desk promises about speed, measured. `python -m bench` runs everything; docs/performance.md explains it."""
