"""Multiple-stage prediction: a light model answers at once, a heavy one follows through a queue."""
