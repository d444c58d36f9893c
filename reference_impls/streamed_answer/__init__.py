"""Streamed answer: each token reaches the caller as soon as it is generated, through a gateway that does not buffer."""
