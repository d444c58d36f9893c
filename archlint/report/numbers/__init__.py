"""The computed numbers of a system as text, JSON and a page with plots."""
