"""Files that servers of models read: model repositories, settings, gateways, and services in Python."""
