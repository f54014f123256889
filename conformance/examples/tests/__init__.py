"""Tests of the examples. `python_client` knows where the independent implementation is."""

import python_client

__all__ = ["python_client"]
