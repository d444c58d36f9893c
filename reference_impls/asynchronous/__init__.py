"""Asynchronous prediction: a request is queued and acknowledged; a worker predicts later and stores the result."""
