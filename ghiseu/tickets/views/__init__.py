"""Views: which an agent sees, what they show, how they are kept, and how many tickets are in each.

A view is a question of the query language on top of `visible_to`, nothing else: `predefined` are those of every desk,
`reading` finds the agent's and asks them, `keeping` saves and shares them, `counting` counts many in one statement.
"""
