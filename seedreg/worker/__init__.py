"""The program that another Python runs: it builds models and reports their weights.

Nothing of seedreg is imported here, only the standard library, NumPy and TensorFlow, in the
syntax of Python 3.6. docs/reference/worker-protocol.md describes the messages.
"""
