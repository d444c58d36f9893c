"""What the tests of the patterns share: a service as a real process, and real servers on loopback."""
