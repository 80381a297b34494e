"""What one mail may cost (promise M5): everything beyond these bounds is left unread, never an error.

The raw mail stays whole in any case; these bound only what is understood of it.
"""

MAX_NESTING = 20  # levels of multipart inside multipart
MAX_PARTS = 1_000  # parts of one mail, all levels together
MAX_HEADER_BYTES = 512_000  # one header block
MAX_HEADER_FIELDS = 2_000
MAX_FIELD_BYTES = 100_000  # one header field
MAX_TEXT_CHARACTERS = 1_000_000  # readable text kept of one mail
MAX_TEXT_LINES = 50_000  # of it; who writes more says nothing in most of them
MAX_HTML_BYTES = 4_000_000  # HTML cleaned of one mail
MAX_SCAN_CHARACTERS = 300_000  # text looked at for quotes, bounces and reports
MAX_LINE_CHARACTERS = 2_000  # of a line that a pattern looks at
MAX_REFERENCES = 200
MAX_EMBEDDED = 200  # attachments taken out of a winmail.dat or out of text (uuencode, yEnc)
MAX_INDICATORS = 10_000
MAX_BOUNCED_RECIPIENTS = 500
