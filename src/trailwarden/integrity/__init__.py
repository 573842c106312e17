"""Prove that CloudTrail log files are complete and unaltered: digest chains, signatures, hashes, gaps."""
