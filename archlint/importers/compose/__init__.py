"""Docker Compose: files with what they include and extend, as the Compose specification merges them."""
