"""Tests of storage: real SQLite files, no TensorFlow."""
