"""One query language: what the search box takes, what a view, a rule's condition, a filter and a report's scope are.

`grammar.lark` and `syntax` read the text, `reading` and `values` understand it by the fields of a vocabulary, `tree` is
what comes of it. Two evaluators give it one meaning: `memory` asks something in memory, `sql` asks the database.
"""
