"""Stage one: raw call, web and order logs become one event table, its customers and their journeys."""

__version__ = "0.1.0"
