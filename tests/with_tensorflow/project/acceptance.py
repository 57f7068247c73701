"""One small network in the three ways of Keras; none of them seeds anything."""

import tensorflow as tf

INPUT_SHAPE = (16, 16, 3)


def _layers():
    keras = tf.keras.layers
    return [
        keras.Conv2D(4, 3),
        keras.BatchNormalization(),
        keras.Activation("relu"),
        keras.Flatten(),
        keras.Dense(2),
    ]


def functional():
    inputs = x = tf.keras.Input(INPUT_SHAPE)
    for layer in _layers():
        x = layer(x)
    return tf.keras.Model(inputs, x)


def sequential():
    return tf.keras.Sequential([tf.keras.Input(INPUT_SHAPE), *_layers()])


class Subclass(tf.keras.Model):
    """The same network, built only when it is called."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.relu, self.flatten, self.dense = _layers()

    def call(self, x):
        return self.dense(self.flatten(self.relu(self.norm(self.conv(x)))))


def subclass():
    return Subclass()


def subclass_built():
    model = Subclass()
    model(tf.zeros((1, *INPUT_SHAPE)))
    return model


FACTORIES = {"functional": functional, "sequential": sequential, "subclass": subclass_built}


def build(style):
    return FACTORIES[style]()
