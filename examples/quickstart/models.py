"""Model factories for a first try: each returns a new, untrained model.

In this folder, `seedreg register build_model --seed 0` registers one of them and
`seedreg verify build_model@0` says whether it still starts from the same weights.
"""

import tensorflow as tf


def build_model(classes: int = 10) -> tf.keras.Model:
    """A small convolutional network for images of 28 × 28 × 1."""
    return tf.keras.Sequential(
        [
            tf.keras.Input((28, 28, 1)),
            tf.keras.layers.Conv2D(8, 3, activation="relu"),
            tf.keras.layers.MaxPooling2D(),
            tf.keras.layers.Conv2D(16, 3, activation="relu"),
            tf.keras.layers.MaxPooling2D(),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dropout(0.3),
            tf.keras.layers.Dense(classes),
        ]
    )


def build_encoder(vocabulary: int = 1000, units: int = 32, heads: int = 2) -> tf.keras.Model:
    """One block of a transformer over sequences of 16 tokens, in the functional style."""
    tokens = tf.keras.Input((16,), dtype="int32")
    x = tf.keras.layers.Embedding(vocabulary, units)(tokens)
    attended = tf.keras.layers.MultiHeadAttention(heads, units // heads)(x, x)
    x = tf.keras.layers.LayerNormalization()(tf.keras.layers.Add()([x, attended]))
    hidden = tf.keras.layers.Dense(4 * units, activation="gelu")(x)
    x = tf.keras.layers.LayerNormalization()(tf.keras.layers.Add()([x, tf.keras.layers.Dense(units)(hidden)]))
    return tf.keras.Model(tokens, tf.keras.layers.GlobalAveragePooling1D()(x))


class Autoencoder(tf.keras.Model):
    """A subclassed model: it has no weights before it is called, so its input's shape must be given."""

    def __init__(self, units: int = 16) -> None:
        super().__init__()
        self.encoder = tf.keras.layers.Dense(units, activation="relu")
        self.decoder = tf.keras.layers.Dense(64, activation="sigmoid")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The reconstruction of `x`, of shape (batch, 64)."""
        return self.decoder(self.encoder(x))


def build_autoencoder(units: int = 16) -> tf.keras.Model:
    """Register it with `--input-shape 64`."""
    return Autoencoder(units)
