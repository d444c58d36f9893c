"""Parameter-based serving: settings outside the model change, limit or turn off predictions, without a release."""
