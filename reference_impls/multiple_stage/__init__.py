"""Multiple-stage prediction: a light model answers immediately; a heavy one answers later, through a queue."""
