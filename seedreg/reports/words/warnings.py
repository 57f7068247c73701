"""What the warnings of a build say, in words."""

from __future__ import annotations

from seedreg.domain.kinds import FactValue
from seedreg.domain.warning import BuildWarning, WarningKind


def warning_text(warning: BuildWarning) -> str:
    """The warning on one line."""
    facts = dict(warning.facts)
    try:
        return _sentence(warning.kind, facts)
    except KeyError:  # it has other facts than this seedreg knows
        return ", ".join([warning.kind.value, *(f"{name}: {value}" for name, value in facts.items())])


def _sentence(kind: WarningKind, facts: dict[str, FactValue]) -> str:
    match kind:
        case WarningKind.IGNORES_SEED:
            return f"the factory ignores the seed: seed {facts['seed']} gives the same weights"
        case WarningKind.NOT_COMMITTED:
            return "the factory's source is not committed in git as it is"
        case WarningKind.NOT_IN_GIT:
            return "the factory's source is not in git: a later change of it cannot be looked up"
        case WarningKind.READS_FILES:
            return (
                f"the build read {_listed(facts['files'])}{' …' if facts['more'] else ''}: weights may "
                "depend on it, and nothing will say if it changes"
            )
        case WarningKind.RECORDED:
            return str(facts["text"])
        case WarningKind.SHARED_START:
            return (
                f"{facts['count']} variables start with identical values ({_listed(facts['tensors'])}"
                f"{' …' if facts['more'] else ''}): is an initializer shared?"
            )
        case WarningKind.UNBUILT:
            return (
                "the model is not built: layers that were never called have no weights, so the fingerprint "
                "leaves them out"
            )
        case WarningKind.UNCALLED_LAYER:
            return f"{_owner(facts)} was never called, so it has no weights"
        case WarningKind.UNCOVERED:
            more = f" (and of {facts['more']} more)" if facts["more"] else ""
            return (
                f"the {facts['holds']} in attribute {facts['attribute']!r} of {_owner(facts)}{more} "
                "is not a weight, so the fingerprint does not cover it"
            )
        case WarningKind.UNLISTED:
            return (
                f"the {facts['holds']} in attribute {facts['attribute']!r} of layer {facts['layer']!r} "
                "is not among the model's weights: Keras 3 leaves it out"
            )


def _owner(facts: dict[str, FactValue]) -> str:
    return f"layer {facts['layer']!r}" if "layer" in facts else f"module {facts['module']!r}"


def _listed(value: FactValue) -> str:
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else repr(value)
