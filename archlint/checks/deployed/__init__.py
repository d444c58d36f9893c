"""Checks of what deployment files state; they run only on systems that are imported from them."""
