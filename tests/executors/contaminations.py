"""Factories that leave something behind which changes the next build in the same process.

`BUILD` is a factory's body for any Keras; each contamination comes before it and may use `keras`.
"""

from __future__ import annotations

HEADER = """
import functools, itertools, os, random, sys, threading
import numpy
from tensorflow import keras

def model(units=3):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(2)])
"""

CONTAMINATIONS = {
    "cached_model": """
MODELS = []
def build():
    if not MODELS:
        MODELS.append(model())
    return MODELS[0]
""",
    "cache_that_ignores_the_seed": """
@functools.lru_cache
def cached():
    return model()
def build():
    return cached()
""",
    "cached_values": """
@functools.lru_cache
def scale():
    return random.random()
def build():
    return {"kernel": numpy.full(3, scale(), "float32")}
""",
    "global_counter": """
COUNT = itertools.count(3)
def build():
    return model(next(COUNT))
""",
    "list_that_grows": """
UNITS = []
def build():
    UNITS.append(1)
    return model(len(UNITS))
""",
    "module_generator": """
RNG = numpy.random.default_rng(5)
def build():
    return {"kernel": RNG.normal(size=3).astype("float32")}
""",
    "generator_in_a_default_argument": """
def build(rng=random.Random(7)):
    return {"kernel": numpy.full(3, rng.random(), "float32")}
""",
    "patched_initializer": """
def build():
    built = model()
    kind = type(built.weights and keras.layers.Dense(1).kernel_initializer)
    kind.__call__ = lambda self, shape, dtype=None, **more: numpy.ones(shape, "float32")
    return built
""",
    "patched_random": """
def build():
    built = model()
    random.randint = random.getrandbits = lambda *a: 4
    return built
""",
    "patched_seeding": """
def build():
    built = model()
    random.seed = numpy.random.seed = lambda *a: None
    keras.utils.set_random_seed = lambda seed: None
    return built
""",
    "patched_numpy": """
def build():
    built = model()
    numpy.random.normal = numpy.asarray = numpy.array = lambda *a, **k: None
    return built
""",
    "seeds_inside": """
SEEN = []
def build():
    SEEN.append(1)
    if len(SEEN) % 2:
        return model()
    random.seed(0); numpy.random.seed(0)
    return model()
""",
    "patched_layer": """
def build():
    built = model()
    keras.layers.Dense.build = lambda self, *a, **k: None
    return built
""",
    "custom_class_made_once": """
CLASSES = {}
def build():
    if "wide" in CLASSES:
        raise ValueError("wide is registered already")
    CLASSES["wide"] = type("Wide", (), {})
    return model()
""",
    "environment_variable": """
def build():
    units = int(os.environ.get("MODEL_UNITS", "3"))
    os.environ["MODEL_UNITS"] = str(units + 1)
    return model(units)
""",
    "watched_environment_variable": """
def build():
    os.environ["TF_DETERMINISTIC_OPS"] = os.environ.get("TF_DETERMINISTIC_OPS", "") + "1"
    return model(len(os.environ["TF_DETERMINISTIC_OPS"]))
""",
    "working_folder": """
def build():
    units = 3 if os.path.exists("models.py") else 5
    os.chdir("/")
    return model(units)
""",
    "thread_that_draws": """
def build():
    threads = threading.active_count()
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return model(3 + threads)
""",
    "exits_the_second_time": """
SEEN = []
def build():
    if SEEN:
        os._exit(3)
    SEEN.append(1)
    return model()
""",
    "raises_the_second_time": """
SEEN = []
def build():
    SEEN.append(1)
    if len(SEEN) > 1:
        raise RuntimeError("once is enough")
    return model()
""",
    "hangs_the_second_time": """
import time
SEEN = []
def build():
    if SEEN:
        time.sleep(600)
    SEEN.append(1)
    return model()
""",
    "closes_descriptors": """
def build():
    built = model()
    os.closerange(3, 4096)
    return built
""",
    "forks": """
def build():
    if os.fork() == 0:
        random.seed(9)
    return model()
""",
    "replaces_functions_of_the_system": """
def build():
    built = model()
    os.write = os.read = os.open = os._exit = os.chdir = open = None
    return built
""",
    "import_path": """
def build():
    units = len([path for path in sys.path if path == "/nowhere"]) + 3
    sys.path.insert(0, "/nowhere")
    return model(units)
""",
}
"""By what is left behind: the code of a module with the factory `build`."""

KERAS_CONTAMINATIONS = {
    "mixed_precision": """
def build():
    built = model()
    keras.mixed_precision.set_global_policy("float16")
    return built
""",
    "floatx": """
def build():
    built = model()
    keras.backend.set_floatx("float64")
    return built
""",
    "image_format": """
def build():
    first = keras.backend.image_data_format() == "channels_last"
    keras.backend.set_image_data_format("channels_first")
    return model(3 if first else 5)
""",
    "layer_names": """
def build():
    built = model()
    return model(3 + len(keras.layers.Dense(1).name.split("_")))
""",
    "global_seed_generator": """
def build():
    return {"kernel": keras.random.normal((3,)).numpy()}
""",
    "module_generator_of_tensorflow": """
import tensorflow as tf
GENERATOR = tf.random.Generator.from_seed(3)
def build():
    return {"kernel": GENERATOR.normal((3,)).numpy()}
""",
    "custom_objects": """
def build():
    known = keras.utils.get_custom_objects()
    units = 3 + len(known)
    known["one" + str(units)] = object
    return model(units)
""",
    "registered_class": """
def build():
    class Wide(keras.layers.Dense):
        pass
    keras.utils.register_keras_serializable("p", "Wide%d" % len(keras.utils.get_custom_objects()))(Wide)
    return model(3 + len(keras.utils.get_custom_objects()))
""",
    "variables_run_eagerly": """
import tensorflow as tf
def build():
    units = 5 if tf.config.functions_run_eagerly() else 3
    tf.config.run_functions_eagerly(True)
    return model(units)
""",
    "determinism": """
import tensorflow as tf
def build():
    built = {"kernel": tf.random.normal((3,)).numpy()}
    tf.config.experimental.enable_op_determinism()
    return built
""",
}
"""Those that need a real Keras."""
