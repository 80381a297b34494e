"""The search: what a query finds of all tickets there ever were, newest first, within a bounded cost.

`lexemes` says what an index entry is made of, `indexing` keeps the entries, `find` walks over them. `facets`,
`marking`, `words` and `similar` serve the page around the answer.
"""
