"""What the command line says about errors: the steps of `seedreg.errors.Step` in commands and options."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from seedreg.domain.failure import BuildFailure
from seedreg.domain.warning import BuildWarning, WarningKind
from seedreg.errors import SeedregError, Step
from seedreg.reports.words import failures as words

_FORMS = "package.module:{name} or path/to/file.py:{name}"
_CHECK = (
    "`seedreg db check` examines all of it; `seedreg db restore BACKUP` replaces it together with the -wal "
    "beside it, which may be that of another file"
)

WORDS: dict[Step, str] = {
    Step.ACCEPT: "`seedreg accept {entry} --reason …` makes it the baseline",
    Step.ALLOW_NONFINITE: "--allow-nonfinite registers it all the same",
    Step.BUILD_FRESH: "--isolation fresh does without the shared import",
    Step.CHECK_BACKUP: "`seedreg db check --db {path}` lists them",
    Step.CHECK_INPUT_SHAPE: "check --input-shape: the sizes without the batch dimension, once for each input",
    Step.CHECK_MODULE: "check the name in --module or in factories of [tool.seedreg]",
    Step.CHECK_REGISTRY: _CHECK,
    Step.CREATE_REGISTRY: "`seedreg register` creates one; --db names another",
    Step.DROP_MODULE: "write {address} without --module",
    Step.FREE_ALIAS: "choose another one, or remove it first: seedreg alias {entry} --remove",
    Step.FREE_CACHE: "SEEDREG_CACHE_DIR names another folder; `seedreg envs prune` frees space",
    Step.FREE_DISK: "`seedreg envs prune` and `uv cache prune` free space",
    Step.GIVE_ARGUMENTS: "give its arguments with -p NAME=JSON, e.g. -p units=16",
    Step.GIVE_INPUT_SHAPE: "give the shape of its input without the batch dimension, e.g. "
    "--input-shape 28,28,1",
    Step.GIVE_INPUT_SHAPES: "give the shapes of its inputs without the batch dimension: {options}",
    Step.GIVE_REASON: "give it with --reason TEXT",
    Step.GIVE_SEED: "give the seed with --seed",
    Step.GIVE_TIME: "give it more with --timeout SECONDS",
    Step.INSTALL_PYTHON: "`uv python install {version}` installs it; --python PATH names any other",
    Step.KEEP_WEIGHTS: "they are kept only with --keep-weights",
    Step.KEEP_WEIGHTS_AGAIN: "register again with --keep-weights",
    Step.LIST_AUDITS: "`seedreg audits` lists the audits",
    Step.LIST_ENTRIES: "`seedreg list` shows the entries",
    Step.LIST_PROBLEMS: "`seedreg db check` lists them",
    Step.NAME_COLUMN: "name one with --column NAME",
    Step.NAME_FINGERPRINT: "name it with --fingerprint DIGITS",
    Step.NAME_MODULE: f"write {_FORMS}, or give --module package.module, or set "
    'factories = ["package.module"] in [tool.seedreg] of pyproject.toml',
    Step.NAME_PACKAGES: "name packages: --with 'tensorflow==2.15.*' or --requirements FILE",
    Step.NAME_PYTHON: "give a Python that has TensorFlow: --python PATH, SEEDREG_PYTHON, or python in "
    "[tool.seedreg]",
    Step.NAME_REGISTRY: "--db names the registry",
    Step.NAME_REGISTRY_FILE: "perhaps --db {path}",
    Step.NAME_RELEASE: "name a release with --{end} VERSION; `seedreg show` lists what changed",
    Step.NAME_RELEASES: "name releases with --from VERSION and --to VERSION; `seedreg blame` finds it",
    Step.REPLACE_EMPTY_FILE: "remove it if nothing needs it; `seedreg register` creates one",
    Step.SEED_FULLY: "use --seeding full",
    Step.SELECT_MORE: "`seedreg list` shows the entries; --stale, --rerun-failed and --shard leave some out",
    Step.SET_ASIDE: "`seedreg db restore BACKUP` sets it aside; without a backup, remove {file}",
    Step.SET_OPTION: "set --{option} to {allowed}",
    Step.SHAPE_WITHOUT_BATCH: "write it without the batch dimension, e.g. --input-shape 28,28,1 or "
    "10:int32 or user=4",
    Step.SHOW_TRACEBACK: "`seedreg verify {entry} --verbose` shows the traceback",
    Step.TRUST: "if you know where the registry comes from, --trust builds it all the same",
    Step.UPGRADE_REGISTRY: "run `seedreg db upgrade` (takes a backup first)",
    Step.USE_CPU: "register the recipe with --device cpu",
    Step.VERIFY: "`seedreg verify {entry}` says whether it drifts",
}


def hint_of(error: SeedregError) -> str | None:
    """What to do about the error, on one line; None if nothing is known."""
    step = None if error.step is None else _filled(error.step, error.fields)
    return "; ".join(part for part in (error.hint, step) if part) or None


def failure_step(failure: BuildFailure) -> str | None:
    """What to do about a failed build, where it takes an option or a command; None if nothing is known."""
    step = words.failure_step(failure)
    return None if step is None else _filled(step, words.step_fields(failure))


def _filled(step: Step, fields: Mapping[str, str]) -> str:
    """The words of the step; the names of several inputs become the options to type."""
    if step is Step.GIVE_INPUT_SHAPES:
        names = fields["arguments"].split(", ")
        options = ("--input-shape " + shlex.quote(f"{name}=SIZES") for name in names)
        return WORDS[step].format(options=" ".join(options))
    return WORDS[step].format(**fields)


def warning_step(warning: BuildWarning) -> str | None:
    """What to do about a warning, where the command line has something; files are named as options."""
    files = warning.fact("files")
    if warning.kind is not WarningKind.READS_FILES or not isinstance(files, tuple):
        return None
    return "name it: " + " ".join(f"--depends {shlex.quote(str(name))}" for name in files)
