"""Unit tests of policies: a world that is given, the verdict that is expected."""
