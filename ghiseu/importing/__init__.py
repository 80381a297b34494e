"""Taking over what other programs hold, and giving everything back: one public format, described in docs/operating.

A source (`ndjson`, later others) turns what it reads into the plain values of `incoming`; `loading` writes them. Who
adds a source touches no writing, and who adds a table touches neither, because `schema` reads the models.
"""
