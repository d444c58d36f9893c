"""What would be if: changed versions of one system, their findings and their numbers."""
