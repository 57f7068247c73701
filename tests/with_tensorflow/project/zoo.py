"""Factories with one peculiarity each; they run on every TensorFlow from 2.0 on unless they say otherwise."""

import numpy as np
import tensorflow as tf

layers = tf.keras.layers


# Layers with state or structure of their own


def dropout():
    return tf.keras.Sequential(
        [
            layers.InputLayer((8,)),
            layers.Dense(8, name="first"),
            layers.Dropout(0.5),
            layers.Dense(2, name="second"),
        ]
    )


def lstm():
    return tf.keras.Sequential([layers.InputLayer((5, 3)), layers.LSTM(4, dropout=0.2), layers.Dense(1)])


def embedding():
    return tf.keras.Sequential([layers.InputLayer((5,)), layers.Embedding(10, 4), layers.GRU(3)])


def attention():
    inputs = tf.keras.Input((6, 8))
    attended = layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(inputs, inputs)
    return tf.keras.Model(inputs, layers.Dense(1)(layers.LayerNormalization()(attended)))


def mixture():
    """Embedding, attention, dropout and recurrence in one model."""
    inputs = tf.keras.Input((6,), dtype="int32")
    x = layers.Embedding(10, 8)(inputs)
    x = layers.MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.1)(x, x)
    x = layers.Dropout(0.5)(layers.BatchNormalization()(x))
    return tf.keras.Model(inputs, layers.Dense(1)(layers.LSTM(4)(x)))


class Cell(layers.Layer):
    """A recurrent cell with one matrix."""

    def __init__(self, units=4):
        super().__init__()
        self.units = self.state_size = units

    def build(self, shape):
        self.kernel = self.add_weight(
            shape=(shape[-1], self.units), initializer="glorot_uniform", name="kernel"
        )
        self.built = True

    def call(self, inputs, states):
        output = tf.tanh(tf.matmul(inputs, self.kernel) + states[0])
        return output, [output]


def custom_cell():
    inputs = tf.keras.Input((5, 3))
    return tf.keras.Model(inputs, layers.RNN(Cell())(inputs))


def nested():
    inputs = tf.keras.Input((4,))
    inner = tf.keras.Sequential([layers.InputLayer((4,)), layers.Dense(4, name="inner_dense")], name="inner")
    outer = tf.keras.Model(inputs, layers.Dense(1, name="outer_dense")(inner(inputs)))
    return tf.keras.Sequential([layers.InputLayer((4,)), outer])


def shared_layer():
    left, right = tf.keras.Input((4,)), tf.keras.Input((4,))
    dense = layers.Dense(3)
    return tf.keras.Model([left, right], layers.Add()([dense(left), dense(right)]))


def normalization():
    layer = layers.Normalization()
    layer.adapt(np.arange(12, dtype="float32").reshape(4, 3))
    return tf.keras.Sequential([tf.keras.Input((3,)), layer, layers.Dense(2)])


def string_lookup():
    lookup = layers.StringLookup(vocabulary=["a", "b"])
    inputs = tf.keras.Input((3,), dtype="string")
    return tf.keras.Model(inputs, layers.Embedding(4, 2)(lookup(inputs)))


def typed(dtype):
    return tf.keras.Sequential([layers.InputLayer((4,)), layers.Dense(3, dtype=dtype)])


def mixed_precision(policy="mixed_bfloat16"):
    tf.keras.mixed_precision.set_global_policy(policy)
    return tf.keras.Sequential([tf.keras.Input((4,)), layers.Dense(3), layers.Dense(2)])


class Listed(tf.keras.Model):
    """Layers in lists and dictionaries, and one that is never called."""

    def __init__(self, idle=False):
        super().__init__()
        self.blocks = [layers.Dense(4) for _ in range(2)]
        self.heads = {"a": layers.Dense(1), "b": layers.Dense(2)}
        self.idle = layers.Dense(7) if idle else None

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x), self.heads["b"](x)


def listed(idle=False):
    model = Listed(idle)
    model(tf.zeros((1, 4)))
    return model


def never_called():
    return Listed()


def half_called():
    model = Listed()
    model.blocks[0](tf.zeros((1, 4)))
    return model


def layer_alone():
    layer = layers.Dense(3)
    layer.build((None, 4))
    return layer


# tf.Module


class Plain(tf.Module):
    """Variables in attributes, lists, dictionaries and modules inside modules."""

    def __init__(self, depth=1):
        super().__init__()
        self.matrix = tf.Variable(tf.random.normal((3, 2)), name="matrix")
        self.steps = [tf.Variable(tf.random.uniform((2,)), name="step") for _ in range(2)]
        self.table = {"x": tf.Variable(tf.random.uniform((4,)), name="x")}
        self.constant = np.zeros(3)
        self.inner = [Plain(depth - 1)] if depth else []
        self.myself = self


def module():
    return Plain()


class WithGenerator(tf.Module):
    """A variable, and a generator whose state is a variable too."""

    def __init__(self):
        super().__init__()
        self.generator = tf.random.Generator.from_seed(7)
        self.matrix = tf.Variable(self.generator.normal((3, 2)), name="matrix")


def module_with_generator():
    return WithGenerator()


class Holder(tf.Module):
    """Whatever it is given, as attributes."""

    def __init__(self, **parts):
        super().__init__()
        self.own = tf.Variable(tf.random.normal((2,)), name="own")
        for name, part in parts.items():
            setattr(self, name, part)


def _dense():
    layer = layers.Dense(3)
    layer.build((None, 4))
    return layer


def module_with_layer(where="attribute", built=True):
    layer = _dense() if built else layers.Dense(3)
    if where == "attribute":
        return Holder(layer=layer)
    if where == "list":
        return Holder(parts=[1, [layer]])
    if where == "dict":
        return Holder(parts={"a": layer})
    if where == "inner":
        return Holder(inner=Holder(layer=layer))
    if where == "tuple of modules":
        return Holder(inner=(Holder(), Holder(parts=[layer])))
    raise ValueError(where)


def module_with_keras_variables():
    """The layer's variables are held beside the layer, so nothing is left out."""
    layer = _dense()
    return Holder(
        layer=layer, kernel=getattr(layer.kernel, "value", None), bias=getattr(layer.bias, "value", None)
    )


def module_with_empty_layer():
    layer = layers.Flatten()
    layer.build((None, 4))
    return Holder(layer=layer)


def module_with_unbuilt_layers():
    """Layers that never get weights: nothing is left out."""
    return Holder(flatten=layers.Flatten(), dropout=layers.Dropout(0.5))


def once(method):
    """Runs the method once per object, and keeps it in a closure, as Sonnet's decorator does."""

    def run(self):
        if not hasattr(self, "_done"):
            self._done = True
            method.__get__(self)()

    return run


class Affine(tf.Module):
    """Creates its variable at the first call, and raises when it is read before."""

    @once
    def _initialize(self):
        self.w = tf.Variable(tf.random.normal([4, 2]), name="w")

    def __call__(self, x):
        self._initialize()
        return x @ self.w

    @property
    def variables(self):
        found = super().variables
        if not found:
            raise ValueError("it must be called first")
        return found


class Activation(tf.Module):
    def __call__(self, x):
        return tf.nn.relu(x) if isinstance(x, (tf.Tensor, tf.Variable)) else x


def unbuilt_module():
    return Affine(name="affine")


class Tower(tf.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.act = Affine(name="first"), Affine(name="second"), Activation()
        self.first(tf.zeros([1, 4]))

    def __call__(self, x):
        return self.act(self.first(x)) + self.second(x)


def module_called_in_part():
    return Tower()


class Parts(tf.keras.Model):
    """Built, with layers that were not called: some would have weights then, the others never will."""

    def __init__(self):
        super().__init__()
        self.head = layers.Dense(2)
        self.drop, self.flat, self.loss_layer = layers.Dropout(0.5), layers.Flatten(), LossOnly()
        self.scale = ScaleAtOnce()
        self.unused = layers.Dense(3, name="unused")
        self.head(tf.zeros((1, 4)))
        self.built = True

    def call(self, x):
        return self.head(x)


class LossOnly(tf.keras.layers.Layer):
    def call(self, x):
        return tf.reduce_sum(x)


class ScaleAtOnce(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.scale = self.add_weight(name="scale", shape=(2,), initializer="ones")

    def build(self, input_shape):
        self.more = self.add_weight(name="more", shape=(2,), initializer="ones")

    def call(self, x):
        return x * self.scale


def parts_that_were_not_called():
    return Parts()


def module_with_keras_variable():
    import keras

    return Holder(scale=keras.Variable([1.0, 2.0]))


class Scaled(tf.keras.Model):
    """What Keras 2 lists among the weights and Keras 3 does not."""

    def __init__(self, part):
        super().__init__()
        self.dense = layers.Dense(2)
        self.part = part

    def call(self, x):
        return self.dense(x)


def keras_with_variable(kind="variable"):
    model = Scaled(Holder() if kind == "module" else [tf.Variable([1.0, 2.0])])
    model(tf.zeros((1, 3)))
    return model


class WithTables(tf.Module):
    """Tables and constants beside a variable."""

    def __init__(self):
        super().__init__()
        keys = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2])
        self.tables = [tf.lookup.StaticHashTable(keys, 0)]
        self.mutable = tf.lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, -2, -3)
        self.basis = tf.random.normal((3, 2))
        self.window = np.hanning(4)
        self.rate = np.float32(0.5)
        self.matrix = tf.Variable(tf.random.normal((3, 2)), name="matrix")


def module_with_tables():
    return WithTables()


class Fourier(layers.Layer):
    """A constant random matrix."""

    def build(self, shape):
        self.basis = tf.random.normal((shape[-1], 4))
        self.scale = self.add_weight(shape=(4,), name="scale")
        self.built = True

    def call(self, x):
        return tf.cos(tf.matmul(x, self.basis)) * self.scale


def random_constants():
    return tf.keras.Sequential([tf.keras.Input((3,)), Fourier(name="one"), Fourier(name="two")])


def vocabularies():
    text = tf.keras.Input((1,), dtype="string", name="text")
    number = tf.keras.Input((1,), dtype="int64", name="number")
    size = tf.keras.Input((1,), name="size")
    parts = [
        layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=2, name="vectorize")(text),
        layers.IntegerLookup(vocabulary=[3, 4], name="integers")(number),
        layers.Discretization(bin_boundaries=[0.0, 1.0], name="bins")(size),
        layers.Normalization(mean=3.0, variance=2.0, name="given")(size),
    ]
    joined = layers.Concatenate()([_Cast()(part) for part in parts])
    return tf.keras.Model([text, number, size], layers.Dense(2, name="dense")(joined))


class _Cast(layers.Layer):
    def call(self, x):
        return tf.cast(x, "float32")


class StateVar(layers.Layer):
    """Weights with the names that generators give their state."""

    def build(self, shape):
        for name in ("StateVar", "seed_generator_state"):
            self.add_weight(shape=(2,), dtype="int64", initializer="ones", trainable=False, name=name)
        self.built = True

    def call(self, x):
        return x


def weights_named_as_state():
    return tf.keras.Sequential([tf.keras.Input((3,)), StateVar(), layers.Dropout(0.5)])


class WithState(tf.Module):
    """A generator and its state in an attribute of its own, and a weight with the state's name."""

    def __init__(self):
        super().__init__()
        self.generator = tf.random.Generator.from_seed(7)
        self.kept = self.generator.state
        self.own = tf.Variable(tf.constant([1, 2], "int64"), name="StateVar")


def module_with_state():
    return WithState()


# Arrays, and what is wrong with them


def arrays(case, seed=0):
    draw = np.random.RandomState(seed % 2**32).normal(size=(2, 3)).astype("float32")
    return {
        "one": {"a": draw},
        "two": {"a": draw, "b": np.zeros(3, "float32")},
        "renamed": {"z": draw},
        "float64": {"a": draw.astype("float64")},
        "float16": {"a": draw.astype("float16")},
        "int32": {"a": draw.astype("int32")},
        "reshaped": {"a": draw.reshape(3, 2)},
        "zero": {"a": np.zeros(3, "float32")},
        "minus zero": {"a": -np.zeros(3, "float32")},
        "nan": {"a": draw, "b": np.array([1.0, np.nan, np.inf], "float32")},
        "none": {},
        "text": {"a": draw, "b": np.array(["x", "y"])},
        "objects": [draw, np.array([None, 1])],
        "not an array": [draw, "x"],
        "nothing": None,
    }[case]


def odd_arrays(case, seed=0):
    draw = np.random.RandomState(seed % 2**32).normal(size=(2, 3)).astype("float32")
    if case == "masked":
        return [np.ma.masked_array(draw, mask=[[1, 0, 0], [0, 0, 0]])]
    if case == "ragged":
        return [tf.ragged.constant([[1, 2], [3]])]
    if case == "sparse":
        return [tf.sparse.from_dense([[1.0, 0.0]])]
    if case == "strings":
        return [tf.constant(["a"])]
    if case == "record":
        return [np.rec.array([(1, 2.0)])[0]]
    if case == "complex":
        return [draw * np.complex64(1j)]
    if case == "quantised":
        return [tf.quantization.quantize(draw, -3.0, 3.0, tf.qint8).output]
    if case == "big-endian":
        return [np.asfortranarray(draw.astype(">f4"))]
    raise ValueError(case)


# The seed


def ignores_the_seed():
    return [np.random.RandomState(1).normal(size=4)]


def shares_an_initializer():
    initializer = tf.keras.initializers.GlorotUniform(seed=1)
    return tf.keras.Sequential(
        [
            layers.InputLayer((4,)),
            layers.Dense(4, kernel_initializer=initializer),
            layers.Dense(4, kernel_initializer=initializer),
        ]
    )


def stack_of_lstms():
    return tf.keras.Sequential(
        [
            layers.InputLayer((5, 8)),
            layers.LSTM(8, return_sequences=True),
            layers.LSTM(8, return_sequences=True),
            layers.Bidirectional(layers.LSTM(8)),
        ]
    )


class Expert(tf.keras.layers.Layer):
    """Its initializer has a seed of its own and is in no attribute."""

    def build(self, input_shape):
        initializer = tf.keras.initializers.GlorotNormal(seed=1024)
        self.kernel = self.add_weight(name="kernel0", shape=(4, 4), initializer=initializer)

    def call(self, x):
        return tf.matmul(x, self.kernel)


def experts():
    x = tf.keras.Input((4,))
    first, second = Expert(name="expert_0")(x), Expert(name="expert_1")(x)
    return tf.keras.Model(x, layers.Dense(2)(first + second))


def equal_bytes_in_other_shapes():
    values = tf.random.normal([24])
    module = tf.Module()
    module.query, module.output = (
        tf.Variable(tf.reshape(values, shape), name=name)
        for name, shape in (("query", (2, 3, 4)), ("output", (6, 4)))
    )
    return module


def unseeded():
    return [np.random.default_rng().normal(size=4)]


def staged():
    """What the project's file `stage` names, so that a test can let an entry drift."""
    with open("stage") as stage:
        return arrays(stage.read())
