"""What is worked out from a system: serving modes, floors of time, redundancy, patterns."""
