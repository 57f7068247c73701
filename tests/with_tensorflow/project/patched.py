"""The factories of `zoo.py` after and before functions that the worker uses were replaced."""

import hashlib
import json
import random

import numpy as np
import tensorflow as tf
import zoo

np.random.seed = random.seed = tf.random.set_seed = lambda *given: None
np.random.get_state = random.getstate = lambda *given: None


def mixture():
    model = zoo.mixture()
    np.asarray = np.array = np.ascontiguousarray = lambda *given, **named: np.zeros(3)
    np.einsum = np.isfinite = np.count_nonzero = lambda *given: 0
    np.uint8 = np.float64 = np.void = np.int16
    hashlib.sha256 = hashlib.new = lambda *given: hashlib.md5()
    json.dumps = lambda *given, **named: "{}"
    return model
