"""Factories that build in every TensorFlow from 2.0 on; Python 3.6 reads this file too."""

import tensorflow as tf

layers = tf.keras.layers


def dense():
    model = tf.keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(4)])
    model.build((None, 8))
    return model


def cnn():
    image = tf.keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, padding="same")(image)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    return tf.keras.Model(image, layers.Dense(4)(x))


def dropout():
    model = tf.keras.Sequential([layers.Dense(16), layers.Dropout(0.5), layers.Dense(4)])
    model.build((None, 8))
    return model


def lstm():
    steps = tf.keras.Input((5, 8))
    return tf.keras.Model(steps, layers.Dense(4)(layers.LSTM(12)(steps)))


def gru():
    steps = tf.keras.Input((5, 8))
    return tf.keras.Model(steps, layers.Dense(4)(layers.GRU(12)(steps)))


def embedding():
    words = tf.keras.Input((6,), dtype="int32")
    x = layers.GlobalAveragePooling1D()(layers.Embedding(50, 8)(words))
    return tf.keras.Model(words, layers.Dense(4)(x))


def attention():
    """TensorFlow has the layer since 2.4."""
    steps = tf.keras.Input((5, 8))
    x = layers.MultiHeadAttention(num_heads=2, key_dim=4)(steps, steps)
    return tf.keras.Model(steps, layers.Dense(4)(x))


def mobilenet():
    return tf.keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10)


class CalledInAnotherOrder(tf.keras.Model):
    """Its layers make their weights in another order than they are defined in."""

    def __init__(self):
        super().__init__()
        self.called_last = layers.Dense(4)
        self.called_first = layers.Dense(16)

    def call(self, inputs):
        """The first layer that is called is the second that was defined."""
        return self.called_last(self.called_first(inputs))


def subclass():
    model = CalledInAnotherOrder()
    model(tf.zeros((1, 8)))
    return model


def seeded():
    """Every initializer has a seed of its own, other than a user's `set_seed`."""
    start = tf.keras.initializers.GlorotUniform
    model = tf.keras.Sequential(
        [
            layers.Dense(16, kernel_initializer=start(seed=1)),
            layers.Dense(4, kernel_initializer=start(seed=2)),
        ]
    )
    model.build((None, 8))
    return model


def raw():
    """No Keras at all: TensorFlow's own random numbers."""
    return {"normal": tf.random.normal((16, 4)), "stateless": tf.random.stateless_uniform((16,), seed=(1, 2))}
