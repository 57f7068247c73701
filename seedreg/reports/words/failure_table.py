"""The words of each kind of failure, for each set of facts that it may have."""

from __future__ import annotations

import string
from dataclasses import dataclass

from seedreg.domain.failure import BuildFailure, Difference, Distrust, FailureKind, RandomSource
from seedreg.domain.kinds import FactValue
from seedreg.errors import Step


@dataclass(frozen=True)
class Words:
    """The words of one kind and set of facts; facts are named in braces.

    `when` is a fact that must have this value, and `silent` are facts that no word mentions.
    """

    message: str
    hint: str | None = None
    step: Step | None = None
    when: tuple[str, FactValue] | None = None
    silent: tuple[str, ...] = ()

    @property
    def facts(self) -> frozenset[str]:
        """The names of the facts that the words are for."""
        texts = (self.message, self.hint or "")
        fields = {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
        return frozenset(fields.union(self.silent, () if self.when is None else (self.when[0],)))

    def fit(self, failure: BuildFailure) -> bool:
        """Whether the words say exactly what the failure's facts are."""
        if self.when is not None and self.when not in failure.facts:
            return False
        return self.facts == {name for name, _ in failure.facts}


_MODELS = "return a Keras model, a tf.Module, or a mapping or sequence of arrays"
_NOT_FINITE = (
    "{factory}@{seed} starts with weights that are not finite: {tensor!r} holds {nans} NaN and {infinities} "
    "infinite values"
)
_FOREIGN = "this registry was not created here"
_DIFFER = (
    "two builds of {factory}@{seed} differ in {differing} of {tensors} tensors; the first is {tensor!r} "
    "({difference})"
)
_REASONS = {
    Difference.TF_SEEDING: "seeding protocol 'tf' seeds TensorFlow alone, and since TensorFlow 2.10 Keras "
    "draws its seeds from Python's random",
    Difference.ISOLATION: "one build was a fresh interpreter that imports the factory's module first, the "
    "other a fork made after TensorFlow was imported: random state that does not come from the seed, or an "
    "effect of import order",
    Difference.UNKNOWN: "something in the factory is random and does not come from the seed",
}
_ANSWER_HINT = "only the worker may write it; see whether the factory changes files for temporary use"
_SOURCES = {
    RandomSource.DEFAULT_RNG: "numpy.random.default_rng() without a seed",
    RandomSource.RANDOM_STATE: "numpy.random.RandomState() without a seed",
    RandomSource.RANDOM: "random.Random() without a seed",
    RandomSource.SYSTEM: "the operating system's random source",
    RandomSource.NON_DETERMINISTIC_STATE: "a generator of non-deterministic state",
    RandomSource.CLOCK: "the clock",
    RandomSource.PROCESS_ID: "the process id",
}

K = FailureKind
WORDS: dict[FailureKind, tuple[Words, ...]] = {
    K.ARGUMENTS: (
        Words(
            "{factory}{signature} is a method, and is called without its object",
            hint="name a function, a class, or a static or class method",
            when=("error", "missing a required argument: 'self'"),
        ),
        Words("{factory}{signature} cannot be called: {error}", step=Step.GIVE_ARGUMENTS),
    ),
    K.DEVICE: (
        Words(
            "the recipe asks for device {device!r}, and TensorFlow sees {count} GPU(s)",
            hint="build on a machine that has this GPU",
            step=Step.USE_CPU,
        ),
    ),
    K.EXIT: (
        Words(
            "importing {module} called sys.exit({code})",
            hint="put the code of a script under: if __name__ == '__main__':",
        ),
        Words("{factory} called sys.exit({code})", hint="a factory must return a model"),
    ),
    K.ENVIRONMENT: (),  # the words are those of the error, or of the failed build
    K.EXPORT: (
        Words(
            "NumPy's .npz has no dtype for tensor {tensor!r} of {dtype}",
            hint="write .safetensors instead, if that has it",
            when=("format", "npz"),
        ),
        Words(
            "safetensors has no dtype for tensor {tensor!r} of {dtype}",
            hint="write .npz instead, if that has it",
            when=("format", "safetensors"),
        ),
        Words(
            "only a Keras model can be written as .h5",
            hint="write .safetensors or .npz instead",
            silent=("format", "type"),
        ),
        Words("save_weights raised {error}", when=("format", "h5")),
        Words("the weights could not be written: {error}", silent=("format",)),
    ),
    K.IMPORT_RAISED: (
        Words(
            "importing {module} raised {error}",
            hint="{missing} may be in another version of {package}",
        ),
        Words(
            "importing {module} raised {error}",
            hint="install {missing} into the environment of {python}",
        ),
        Words("importing {module} raised {error}"),
        Words("looking up {factory} raised {error}"),
    ),
    K.INTERNAL: (
        Words("the build failed outside the factory: {error}"),
        Words("no answer: {unsent}"),
    ),
    K.INTERPRETER: (
        Words("the interpreter {python} could not be started: {error}", step=Step.NAME_PYTHON),
        Words(
            "{python} does not run the worker: it said {said!r}",
            hint="it must print nothing when it starts",
            step=Step.NAME_PYTHON,
        ),
    ),
    K.MEMORY: (
        Words("importing {module} ran out of memory"),
        Words("{factory} ran out of memory"),
        Words("the build ran out of memory"),
    ),
    K.MODULE_NOT_FOUND: (
        Words("no module named {module!r}", hint="looked in {searched} and the packages of {python}"),
        Words("no file {path}", hint="the path is relative to the project's root"),
    ),
    K.NAME_NOT_FOUND: (
        Words(
            "{name!r} leads out of {module} into the module {leads_to}",
            hint="name the factory by the module that holds it: {leads_to}:…",
        ),
        Words(
            "{module} has no {name!r}", hint="it has: no function or class of its own", when=("present", ())
        ),
        Words("{module} has no {name!r}", hint="it has: {present}"),
    ),
    K.NONDETERMINISTIC: (
        *(
            Words(
                _DIFFER, hint=f"the factory uses {words}", when=("source", source.value), silent=("reason",)
            )
            for source, words in _SOURCES.items()
        ),
        *(
            Words(
                _DIFFER,
                hint=words,
                step=Step.SEED_FULLY if reason is Difference.TF_SEEDING else None,
                when=("reason", reason.value),
            )
            for reason, words in _REASONS.items()
        ),
    ),
    K.NONFINITE: (
        Words(_NOT_FINITE, step=Step.ALLOW_NONFINITE, when=("tensors", 1)),
        Words(_NOT_FINITE + " ({tensors} tensors do)", step=Step.ALLOW_NONFINITE),
    ),
    K.NOT_CALLABLE: (
        Words(
            "{factory} is of type {type}, not a function or class",
            hint="name a callable that returns a model",
        ),
    ),
    K.NO_TENSORFLOW: (
        Words(
            "TensorFlow is not installed for {python}",
            hint="pip install 'seedreg[tensorflow]' there",
            step=Step.NAME_PYTHON,
        ),
        Words(
            "TensorFlow is not installed for {python}",
            hint="environment {environment} has only the packages that were asked for: add tensorflow to it",
        ),
    ),
    K.NO_TENSORS: (
        Words(
            "{factory} returned a {type} without weights, and none of its layers creates any",
            hint="a model of preprocessing alone starts from no random weights, so nothing could be compared",
            silent=("complete",),
        ),
        Words(
            "{factory} returned an object of type {type} without weights",
            hint="an empty model has no fingerprint, so nothing could be compared",
        ),
    ),
    K.PROJECT: (
        Words(
            "the entry belongs to project {project!r}, and this is {here!r}",
            hint="run it where that project is, or set project = {project!r} in [tool.seedreg]",
        ),
    ),
    K.RAISED: (
        Words(
            "the model of {factory} raised {error} when called on {inputs}",
            step=Step.CHECK_INPUT_SHAPE,
        ),
        Words("reading the {attribute} of what {factory} returned raised {error}"),
        Words("{factory} raised {error}"),
    ),
    K.SIGNAL: (
        Words(
            "the build's process was killed by {signal}",
            hint="the system does so when memory runs out",
            when=("signal", "SIGKILL"),
        ),
        Words("the build's process was killed by {signal}"),
    ),
    K.SYNTAX_ERROR: (Words("{module}: syntax error in {file}, line {line}: {error}"),),
    K.TENSORFLOW_BROKEN: (
        Words(
            "importing TensorFlow in {python} raised {error}",
            hint="this environment cannot build any model; often NumPy is newer than its TensorFlow allows",
        ),
    ),
    K.TIMEOUT: (
        Words(
            "{python} took longer than {timeout_s:g} s to import TensorFlow",
            hint="see how long `import tensorflow` takes there",
        ),
        Words(
            "the build took longer than {timeout_s:g} s and was ended",
            hint="see what it waits for: its standard input is empty",
            step=Step.GIVE_TIME,
        ),
    ),
    K.UNBUILT: (
        Words(
            "the {type} has no weights, and so no fingerprint",
            hint="a Keras model has none before it is built: call it once, or build(input_shape)",
        ),
        Words(
            "{factory} returned an object of type {type} without weights",
            hint="it may not be built yet",
            step=Step.GIVE_INPUT_SHAPE,
        ),
        Words(
            "{factory} returned an object of type {type} without weights",
            hint="it may not be built yet",
            step=Step.GIVE_INPUT_SHAPES,
            silent=("arguments",),
        ),
    ),
    K.UNSUPPORTED: (
        Words(
            "Keras uses the backend {backend}, which is not supported yet",
            hint="build with TensorFlow: KERAS_BACKEND=tensorflow, or leave it unset",
        ),
        Words(
            "{factory} returned an object of type {type} of {library}, which is not supported yet",
            hint=_MODELS,
        ),
    ),
    K.UNSUPPORTED_DTYPE: (
        Words("tensor {tensor!r} cannot be read: {error}"),
        Words(
            "tensor {tensor!r} is a masked array (masked elements: {masked}), and a mask has no fingerprint",
            hint="return the values and the mask as two arrays",
        ),
        Words(
            "tensor {tensor!r} holds {dtype} values, which have no fingerprint",
            hint="only numbers and booleans have fixed bytes; leave it out of what the factory returns",
        ),
    ),
    K.UNTRUSTED: (
        Words(
            f"{{factory}} is neither in this project nor in a package that it declares, and {_FOREIGN}",
            step=Step.TRUST,
            when=("distrust", Distrust.ELSEWHERE.value),
        ),
        Words(
            f"{{factory}} is in a framework and is none of its ready-made models, and {_FOREIGN}",
            step=Step.TRUST,
            when=("distrust", Distrust.FRAMEWORK.value),
        ),
        Words(
            "{factory} is in a declared package and would get the argument {argument!r}, which is more than "
            f"numbers and single words; and {_FOREIGN}",
            step=Step.TRUST,
        ),
    ),
    K.VANISHED: (
        Words(
            "the build's process ended with exit status {status} before it gave an answer",
            hint="the factory may call os._exit, or the disk for temporary files (TMPDIR) may be full",
        ),
    ),
    K.WORKER: (
        Words("no process could be started for the build: {error}"),
        *(
            Words(f"the build's answer {what}", hint=_ANSWER_HINT)
            for what in (
                "is not a file but a {found}",
                "is larger than {limit} bytes",
                "cannot be read: {unreadable}",
                "cannot be understood ({misread}): {said}",
            )
        ),
        *(
            Words(
                f"the worker of {{python}} {what}",
                hint="see that `import tensorflow` works there",
                step=Step.BUILD_FRESH,
            )
            for what in (
                "ended with exit status {status}",
                "ended with signal {signal}",
                "did not respond for {silent_s:g} s",
                *(
                    f"cannot be understood: {what}"
                    for what in (
                        "it speaks worker protocol {protocol}, not {expected}",
                        "it said {said!r}",
                        "it sent a message of unknown type {type!r}",
                        "it sent what is not protocol {expected} ({error}): {said}",
                        "it answered build {answered}, which it was not asked for",
                        "a fresh interpreter asks for a fresh interpreter in build {asked}",
                    )
                ),
            )
        ),
    ),
    K.WRONG_RETURN: (
        Words(
            "{factory} returned an object of type {type} whose item {item!r} is of type {item_type}, "
            "not an array",
            hint="every value must be an array, a tensor or a variable",
        ),
        Words(
            "{factory} returned a tf.Module whose `variables` leaves out the weights of the Keras {holder} "
            "in its attribute {attribute!r}",
            hint="return a keras.Model, or a mapping of the arrays",
        ),
        Words(
            "{factory} returned None, not a model",
            hint=f"{_MODELS}; is a `return` missing?",
            when=("type", "NoneType"),
        ),
        Words(
            "{factory} returned what tf.saved_model.load gives, whose weights come from a file",
            hint=f"{_MODELS}; or load it as a Keras model",
            when=("type", "_UserObject"),
        ),
        Words("{factory} returned an object of type {type}, not a model", hint=_MODELS),
    ),
}
