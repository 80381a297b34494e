"""The words in a file that somebody sent: plain text, HTML, PDF, office documents, a mail inside a mail.

Such files are hostile until shown otherwise, so they are never read in a process that holds anything: `apart` starts
one of its own for each file, with limits on time, memory and output. The other modules run inside it.
"""
