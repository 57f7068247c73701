"""What a build ran on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.decoding import Fields, exactly, mapping_of, optional, text

DOCUMENT_FORMAT = 1


@dataclass(frozen=True)
class Environment:
    """The software, machine and settings of one build.

    `keras_distribution` is the one that really built the model (`keras`, `tf_keras`, or
    `tensorflow` where Keras was part of it); None when the model is not Keras's.
    `variables` are the environment variables that TF or Keras read, after the user's module was
    imported; `keras_config` is floatx, backend and image_data_format.
    """

    python: str
    tensorflow: str | None
    keras: str | None
    keras_distribution: str | None
    numpy: str | None
    distributions: tuple[tuple[str, str], ...]
    os: str
    cpu: str
    variables: tuple[tuple[str, str], ...] = ()
    keras_config: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """The environment as JSON, as the registry keeps it."""
        return {
            "format": DOCUMENT_FORMAT,
            "python": self.python,
            "tensorflow": self.tensorflow,
            "keras": self.keras,
            "keras_distribution": self.keras_distribution,
            "numpy": self.numpy,
            "distributions": dict(self.distributions),
            "os": self.os,
            "cpu": self.cpu,
            "variables": dict(self.variables),
            "keras_config": dict(self.keras_config),
        }

    @classmethod
    def from_document(cls, document: Any) -> Environment:
        """The environment that `document()` describes.

        Raises:
            DecodingError: if the document is of another format number, or a value is missing or of another
                type.
        """
        fields = Fields(document)
        fields("format", exactly(DOCUMENT_FORMAT))
        return cls(
            python=fields("python", text),
            tensorflow=fields("tensorflow", optional(text)),
            keras=fields("keras", optional(text)),
            keras_distribution=fields("keras_distribution", optional(text)),
            numpy=fields("numpy", optional(text)),
            distributions=fields("distributions", _pairs),
            os=fields("os", text),
            cpu=fields("cpu", text),
            variables=fields("variables", _pairs),
            keras_config=fields("keras_config", _pairs),
        )

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that name the environment."""
        return sha256_text(canonical_json(self.document()))

    def common(self) -> Environment:
        """What all builds there have in common: without what a factory and its module decide on."""
        return replace(self, keras=None, keras_distribution=None, variables=(), keras_config=())


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_texts(value).items()))


_texts = mapping_of(text)
