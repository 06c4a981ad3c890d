"""Object-centric event logs (OCEL) as records: five ways to write one down, read into one form.

A form (JSON, XML, SQLite; version 1.0 or 2.0) says one thing after the other of a log: an event, an object, that one is
related to another, that an attribute had a value from some time on (`Told`). `records` puts together what belongs
together, on disk, and cuts it into records that need no other to be understood.
"""
