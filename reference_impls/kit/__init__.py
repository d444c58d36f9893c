"""Code that the reference implementations share: settings, models, web, processes, logs, metrics."""
