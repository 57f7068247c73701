"""Tests that build real models.

The folder is not called `tensorflow`: `tests` is on `sys.path` while pytest runs, and where
TensorFlow is not installed such a folder would be imported in its place.
"""
