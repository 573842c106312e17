"""The only package that knows botocore: sessions, clients, credentials, and the reader that asks AWS.

Import its modules when a live run starts, not before: botocore takes longer to import than everything else together.
"""
