"""The machines of helper, sharer and relay, without input or output: each step is a call with the time.

An end is told what came, what its person did or that time passed, and answers with an `Outcome`.
"""
