"""The file by which a build answers; the serving loop reads it without trust in what is there."""

from errno import ELOOP
from importlib.util import find_spec, module_from_spec
from os import (
    O_CLOEXEC,
    O_CREAT,
    O_EXCL,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_RDONLY,
    O_WRONLY,
    close,
    closerange,
    fchmod,
    fstat,
    read,
    rename,
    unlink,
    write,
)
from os import (
    open as open_file,
)
from resource import RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NOFILE, getrlimit, setrlimit
from stat import S_ISDIR, S_ISREG
from typing import Any, Dict, Optional

from . import protocol
from .protocol import Failure

# Some 25,000 tensors.
MAX_BYTES = 1 << 25

_LOWERED = (RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NOFILE)
_MAX_DESCRIPTOR = 1 << 16


def _own_encoder() -> Any:
    """An encoder of JSON that no user code can reach, as it could reach the one of the module `json`."""
    spec = find_spec("json.encoder")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    vars(module)["__builtins__"] = __builtins__  # those of this module, which no user code can reach either
    spec.loader.exec_module(module)
    return module.JSONEncoder(ensure_ascii=True, allow_nan=False)


_encode = _own_encoder().encode


def give(path: str, outcome: Dict[str, Any]) -> None:
    """Write the outcome to the file, whole or not at all, whatever user code did to this process.

    A file, not a pipe: user code may have closed every descriptor, or left children that hold them.

    Raises:
        OSError: if the file cannot be written.
    """
    _raise_limits()
    try:
        answer = _encode(outcome)
    except MemoryError:
        answer = _encode(protocol.failed(Failure("memory")))
    except (TypeError, ValueError, RecursionError) as error:
        answer = _encode(protocol.failed(Failure("internal", unsent=str(error))))
    partial = path + ".partial"
    try:
        _write(partial, answer.encode("ascii"))
    except OSError:
        closerange(3, _MAX_DESCRIPTOR)  # user code may have left none
        _write(partial, answer.encode("ascii"))
    rename(partial, path)


def _raise_limits() -> None:
    """Undo what user code did to the limits of this process, as far as it may be undone."""
    for kind in _LOWERED:
        try:
            hard = getrlimit(kind)[1]
            setrlimit(kind, (hard, hard))
        except (OSError, ValueError):
            pass


def _write(path: str, data: bytes) -> None:
    try:
        unlink(path)  # whatever it is, nobody may be waiting at its other end
    except FileNotFoundError:
        pass
    descriptor = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    try:
        fchmod(descriptor, 0o600)  # user code may have set any umask
        rest = memoryview(data)
        while rest:
            rest = rest[write(descriptor, rest) :]
    finally:
        close(descriptor)


def take(path: str) -> Optional[str]:
    """The text of a build's answer; None if there is none.

    Never waits, never follows a link, never reads more than `MAX_BYTES`, and does not look into the text:
    that is for seedreg, so that nothing that a build writes can disturb the builds beside it.

    Raises:
        Failure: kind `worker`, if what is there is not an answer.
    """
    try:
        descriptor = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == ELOOP:
            raise Failure("worker", found="link")
        raise Failure("worker", unreadable=str(error))
    try:
        status = fstat(descriptor)
        if not S_ISREG(status.st_mode):
            raise Failure("worker", found="folder" if S_ISDIR(status.st_mode) else "pipe or device")
        if status.st_size > MAX_BYTES:
            raise Failure("worker", limit=MAX_BYTES)
        data = _read(descriptor, MAX_BYTES)
    except OSError as error:
        raise Failure("worker", unreadable=str(error))
    finally:
        close(descriptor)
    return data.decode("utf-8", "replace")


def _read(descriptor: int, most: int) -> bytes:
    data = b""
    while len(data) < most:
        part = read(descriptor, most - len(data))
        if not part:
            break
        data += part
    return data
