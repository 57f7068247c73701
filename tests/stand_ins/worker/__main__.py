"""A stand-in for the worker: it speaks protocol 1 without TensorFlow, NumPy or a model.

A build's weights come from the recipe alone, a kernel of shape (2, units) and a bias of zeros. The
last part of the factory's name picks what happens instead:

- `nondeterministic`: other weights in every build
- `ignores_seed`: the same weights for every seed
- `nonfinite`: the kernel holds a NaN
- `fail`: the build raised
- `slow`: it takes `params["sleep_s"]` seconds (60), or fails at its deadline
- `die`: the worker itself ends without an answer
- `nonsense`: the worker says something that is no message
- `fresh_needed`: a fork asks for a fresh interpreter

`stand-in.json` in the project's root changes the world between two commands; its keys are `stream`
(another value, other kernels), `units`, `tensorflow`, `python` (versions), `keras` (the version that
built, whatever is installed), `names` (of the tensors) and `fail` (every build raises this).
The environment variable `STAND_IN_PROTOCOL` is the number it speaks, `STAND_IN_UNUSABLE` the failure kind
with which it declines to serve, `STAND_IN_LOG` a file to which it appends a line for every build: mode,
factory and seed.
"""

import hashlib
import json
import math
import os
import random
import struct
import sys
import threading
import time

_LOCK = threading.Lock()
_MODE = sys.argv[1]
_PROTOCOL = int(os.environ.get("STAND_IN_PROTOCOL", "1"))


def _say(message):
    with _LOCK:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def _failure(kind, **facts):
    return {"kind": kind, "facts": facts, "details": None, "output": None}


def _tensor(name, shape, values, initializer):
    data = struct.pack(f"<{len(values)}f", *values)
    values = struct.unpack(f"<{len(values)}f", data)
    finite = [value for value in values if math.isfinite(value)]
    mean = sum(finite) / len(finite)
    record = {
        "dtype": "float32",
        "shape": list(shape),
        "sha256": hashlib.sha256(data).hexdigest(),
        "name": name,
        "layer": name.rpartition("/")[0] or None,
        "layer_class": "Dense",
        "initializer": {"class": initializer, "config": {}},
        "stats": {
            "count": len(values),
            "mean": mean,
            "std": math.sqrt(sum((value - mean) ** 2 for value in finite) / len(finite)),
            "minimum": min(finite),
            "maximum": max(finite),
            "l2": math.sqrt(sum(value * value for value in finite)),
            "zeros": values.count(0.0),
            "nans": sum(math.isnan(value) for value in values),
            "infinities": 0,
            "samples": [value if math.isfinite(value) else "NaN" for value in values[:16]],
        },
    }
    return record, data


def _write(export, records):
    if export["format"] == "objects":
        for record, data in records:
            with open(os.path.join(export["path"], record["sha256"]), "wb") as stream:
                stream.write(data)
        return
    header, offset = {}, 0
    for record, data in records:
        spec = {"dtype": "F32", "shape": record["shape"], "data_offsets": [offset, offset + len(data)]}
        header[record["name"]] = spec
        offset += len(data)
    text = json.dumps(header).encode()
    with open(export["path"], "wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, data in records))


def _source(root, factory):
    where = factory.rpartition(":")[0]
    path = os.path.join(root, where if where.endswith(".py") else where.replace(".", "/") + ".py")
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError:
        return {"file": None, "line": None, "sha256": None, "file_sha256": None, "text": None}
    digest = hashlib.sha256(data).hexdigest()
    return {"file": path, "line": 1, "sha256": digest, "file_sha256": digest, "text": data.decode()}


def _outcome(build, timeout_s):
    behaviour = build["factory"].rpartition(":")[2].rpartition(".")[2]
    try:
        with open(os.path.join(build["root"], "stand-in.json"), encoding="utf-8") as stream:
            world = json.load(stream)
    except OSError:
        world = {}
    if world.get("fail"):
        return {"failed": _failure("raised", factory=build["factory"], error=world["fail"])}
    if behaviour == "fail":
        return {"failed": _failure("raised", factory=build["factory"], error="ValueError: on purpose")}
    if behaviour == "fresh_needed" and _MODE == "zygote":
        return {"fresh_needed": {"variables": ["KERAS_BACKEND"]}}
    if behaviour == "slow":
        wanted_s = build["params"].get("sleep_s", 60)
        time.sleep(min(wanted_s, timeout_s))
        if wanted_s >= timeout_s:
            return {"failed": _failure("timeout", timeout_s=timeout_s)}
    units = world.get("units", build["params"].get("units", 3))
    identity = [build["factory"], build["params"], build["inputs"], build["seeding"], world.get("stream")]
    identity.append(None if behaviour == "ignores_seed" else build["seed"])
    if behaviour == "nondeterministic":
        identity.append(os.urandom(8).hex())
    stream = random.Random(json.dumps(identity, sort_keys=True))
    kernel = [stream.uniform(-1, 1) for _ in range(2 * units)]
    if behaviour == "nonfinite":
        kernel[0] = math.nan
    names = world.get("names", ["dense/kernel", "dense/bias"])
    records = [
        _tensor(names[0], (2, units), kernel, "GlorotUniform"),
        _tensor(names[1], (units,), [0.0] * units, "Zeros"),
    ]
    if build.get("export"):
        _write(build["export"], records)
    versions = {"tensorflow": world.get("tensorflow", "2.99.0"), "keras": "3.99.0", "numpy": "2.99.0"}
    environment = {
        "format": 1,
        "python": world.get("python", "3.99.0"),
        **versions,
        "keras": world.get("keras", versions["keras"]),
        "keras_distribution": "keras",
        "distributions": versions,
        "os": "StandIn",
        "cpu": "stand-in",
        "variables": {},
        "keras_config": {"backend": "tensorflow"},
    }
    facts = {
        "isolation": "fork" if _MODE == "zygote" else "fresh",
        "build_s": 0.001,
        "fingerprint_s": 0.001,
        "python_words": 1,
        "numpy_words": 0,
        "random_state": [],
        "warnings": [],
    }
    return {
        "built": {
            "tensors": [record for record, _ in records],
            "environment": environment,
            "source": _source(build["root"], build["factory"]),
            "facts": facts,
        }
    }


def _serve_one(message):
    outcome = _outcome(message["build"], message["timeout_s"])
    _say({"type": "outcome", "id": message["id"], "duration_s": 0.002, "outcome": outcome})


def _main():
    unusable = os.environ.get("STAND_IN_UNUSABLE")
    if unusable:
        _say({"type": "unusable", "protocol": _PROTOCOL, "failure": _failure(unusable, python="a stand-in")})
        return
    _say({"type": "ready", "protocol": _PROTOCOL})
    for line in sys.stdin:
        message = json.loads(line)
        build = message["build"]
        behaviour = build["factory"].rpartition(":")[2].rpartition(".")[2]
        if "STAND_IN_LOG" in os.environ:
            with open(os.environ["STAND_IN_LOG"], "a", encoding="utf-8") as log:
                log.write(f"{_MODE} {build['factory']} {build['seed']}\n")
        if behaviour == "die":
            os._exit(7)
        if behaviour == "nonsense":
            with _LOCK:
                sys.stdout.write("good morning\n")
                sys.stdout.flush()
            continue
        threading.Thread(target=_serve_one, args=(message,), daemon=True).start()
    os._exit(0)


_main()
