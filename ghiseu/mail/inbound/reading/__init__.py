"""How a mail is read, one small module per question. Pure: bytes in, frozen values out, bounded in time and memory."""
