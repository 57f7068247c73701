"""How fast seedreg is, as ratios to what a user would otherwise run: `python -m benchmarks`."""
