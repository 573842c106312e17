"""The evidence pack: a folder that lets anyone repeat a judgement without AWS and without trusting whoever made it.

A pack is its inputs (the ledger, the policies, what was asked) and functions of them (every report, the split replies, the manifest, the
statement). Verifying is therefore computing it again and comparing every byte.
"""
