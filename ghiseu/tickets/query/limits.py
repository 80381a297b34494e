"""What one query may cost: whoever asks for more is refused at once, before anything is read."""

MAX_CHARACTERS = 4_000
MAX_PARENTHESES = 100  # opening ones
MAX_NESTING = 20  # groups and negations inside one another
MAX_TERMS = 100  # words and values, those of lists too
MAX_WORD_CHARACTERS = 200  # of one word, phrase or piece to look for
# Each test of a text is one compiled pattern, and PostgreSQL keeps the last 32 of a connection.
MAX_TEXTS = 20
