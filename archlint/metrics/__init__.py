"""Rates and times of running servers, from the metrics that they export to Prometheus."""
