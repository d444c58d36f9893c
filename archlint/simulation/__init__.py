"""The simulator: what closed formulas get wrong. It imports the rooms up to `analysis`, and NumPy only if installed."""
