"""What a file of unknown format is, by the adapters that are there: each is tried on the first lines of the file.

`head` reads the first lines, `columns` guesses what the columns of a table mean, `trial` lets an adapter read a head
through the true loader, `verdict` names the format, `tell` says it in words. `draft` writes a site from what was found.
"""
