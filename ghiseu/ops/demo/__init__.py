"""The demo: a made-up hosting company whose mail of two weeks comes in by the front door.

`data/` holds who works there and what people write; `casting` makes stories of it, `play` acts them out on the desk,
`company` tells the whole of it.
"""
