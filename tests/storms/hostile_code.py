"""What hostile factories do: how each has to end, and the body of its function.

`built` is a model with the right weights; anything else is the kind of the failure. Where it depends on the
system or the user, several are given.
"""

from __future__ import annotations

PRELUDE = '''\
import atexit, builtins, ctypes, gc, io, json, json.encoder, multiprocessing, os, resource, shutil
import signal, socket, subprocess, sys, tempfile, threading, time
from tensorflow import keras

HERE = os.path.dirname(os.path.abspath(__file__))


def model():
    return keras.Sequential([keras.Input((4,)), keras.Dense(3)])


def healthy():
    time.sleep(0.6)
    return model()


def answer_path():
    """Where the worker will write the answer of this build."""
    frame = sys._getframe()
    while "answer_path" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["answer_path"]


def forge(data):
    with open(answer_path(), "wb") as stream:
        stream.write(data)
    os._exit(0)


def daemon(act=lambda: time.sleep(600)):
    """A grandchild in a session of its own, whose parent is gone."""
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            act()
        os._exit(0)
    os.waitpid(child, 0)


def comet(generations):
    while generations and os.fork() == 0:
        os.setsid()
        generations -= 1
    if generations:
        os._exit(0)
    time.sleep(600)


def deeper():
    return deeper()


def lower(limit, hard=None):
    """Set a limit to 0; the hard one too if it is given."""
    resource.setrlimit(limit, (0, resource.getrlimit(limit)[1] if hard is None else hard))


def spin():
    while True:
        pass


class Loud(BaseException):
    def __str__(self):
        raise SystemExit(3)


class Slow(Exception):
    def __str__(self):
        time.sleep(600)


class Undying:
    def __del__(self):
        time.sleep(600)


class Stuck(io.StringIO):
    def flush(self):
        time.sleep(600)


class Broken(io.StringIO):
    def write(self, text):
        raise OSError("broken")
    flush = write


def shout():
    while True:
        os.write(2, b"x" * 65536)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as stream:
        return stream.read().split()


def write_to_supervisor():
    for name in os.listdir(f"/proc/{os.getppid()}/fd"):
        path = f"/proc/{os.getppid()}/fd/{name}"
        if os.readlink(path).startswith("pipe:"):
            try:
                os.write(os.open(path, os.O_WRONLY | os.O_NONBLOCK), b"good morning\\n")
            except OSError:
                pass
'''

HOSTILE: tuple[tuple[str, str], ...] = (
    # Ends
    ("vanished", "os._exit(0)"),
    ("vanished", "os._exit(255)"),
    ("vanished", "os._exit(70)"),
    ("exit", "sys.exit(0)"),
    ("exit", "sys.exit('text')"),
    ("exit", "raise SystemExit"),
    ("signal", "os.abort()"),
    ("signal", "os.kill(os.getpid(), signal.SIGSEGV)"),
    ("signal", "ctypes.string_at(0)"),
    ("signal", "os.kill(os.getpid(), signal.SIGKILL)"),
    ("signal", "os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)"),
    ("raised", "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"),
    ("signal", "os.kill(os.getpid(), signal.SIGHUP); time.sleep(9)"),
    ("signal", "signal.alarm(1); time.sleep(9)"),
    ("signal", "signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(9)"),
    ("built", "os.kill(os.getpid(), signal.SIGPIPE); return model()"),
    ("signal", "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n    while True: pass"),
    ("signal", "os.killpg(0, signal.SIGKILL)"),
    ("timeout", "os.kill(os.getpid(), signal.SIGSTOP); return model()"),
    ("timeout built", "os.kill(os.getpid(), signal.SIGTSTP); return model()"),
    ("memory", "raise MemoryError"),
    ("raised", "return deeper()"),
    ("raised", "raise KeyboardInterrupt"),
    ("raised", "raise GeneratorExit"),
    ("raised", "raise Loud"),
    ("timeout", "raise Slow"),
    ("vanished", "os.execv('/bin/sh', ['sh', '-c', 'exit 0'])"),
    ("timeout", "os.execv('/bin/sh', ['sh', '-c', 'exec sleep 600'])"),
    ("vanished", "os.execv('/bin/sh', ['sh', '-c', '(setsid sleep 600 &) &'])"),
    # Hangs
    ("timeout", "time.sleep(600)"),
    ("timeout", "while True: pass"),
    ("timeout", "lock = threading.Lock(); lock.acquire(); lock.acquire()"),
    ("timeout", "os.read(os.pipe()[0], 1)"),
    ("timeout", "signal.pause()"),
    ("timeout", "for one in (1, 2, 15): signal.signal(one, signal.SIG_IGN)\n    while True: pass"),
    ("timeout", "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); time.sleep(600)"),
    ("built", "threading.Thread(target=time.sleep, args=(600,)).start(); return model()"),
    ("built", "atexit.register(time.sleep, 600); return model()"),
    ("timeout", "held = Undying(); return model()"),
    ("timeout", "sys.stdout = Stuck(); return model()"),
    ("built", "sys.stdout = sys.stderr = None; return model()"),
    ("built", "sys.stdout.close(); return model()"),
    ("built", "sys.stdout = io.StringIO(); return model()"),
    ("built", "sys.stdout = sys.stderr = Broken(); return model()"),
    ("raised", "sys.stderr.close(); raise ValueError('quiet')"),
    ("built timeout", "sys.setswitchinterval(9); threading.Thread(target=spin).start(); return model()"),
    # What builds leave behind
    ("built", "os.fork(); return model()"),
    ("timeout", "if os.fork(): time.sleep(600)\n    return model()"),
    ("vanished", "if os.fork(): os._exit(0)\n    os.setsid(); time.sleep(600)"),
    ("built", "daemon(); return model()"),
    ("built", "daemon(lambda: [signal.signal(15, signal.SIG_IGN), time.sleep(600)]); return model()"),
    ("built", "daemon(lambda: os.execve('/bin/sleep', ['sleep', '600'], {})); return model()"),
    ("vanished", "daemon(); os._exit(0)"),
    ("signal", "daemon(); os.kill(os.getpid(), signal.SIGKILL)"),
    ("timeout", "daemon(); time.sleep(600)"),
    ("timeout", "daemon(shout); time.sleep(600)"),
    ("timeout", "os.setpgid(0, os.getpgid(os.getppid())); time.sleep(600)"),
    ("built", "os.setpgid(0, os.getpgid(os.getppid())); return model()"),
    ("timeout", "os.setpgid(0, os.getpgid(os.getppid())); daemon(); time.sleep(600)"),
    ("built", "daemon(lambda: comet(200)); return model()"),
    ("timeout", "daemon(lambda: comet(100)); time.sleep(600)"),
    ("built", "[subprocess.Popen(['sleep', '600']) for _ in range(20)]; return model()"),
    ("built", "parent = os.getpid(); [os.fork() for _ in range(5)]\n"
     "    if os.getpid() != parent: time.sleep(600)\n    return model()"),
    ("built", "subprocess.Popen(['sleep', '600'], start_new_session=True); return model()"),
    ("built", "subprocess.Popen(['sleep', '600'], start_new_session=True, env={}); return model()"),
    ("built", "daemon(shout); return model()"),
    ("built", "os.kill(subprocess.Popen(['sleep', '600']).pid, signal.SIGSTOP); return model()"),
    ("built", "multiprocessing.Process(target=time.sleep, args=(600,)).start(); return model()"),
    ("built", "os.posix_spawn('/bin/sleep', ['sleep', '600'], {}); return model()"),
    ("built", "signal.signal(signal.SIGCHLD, signal.SIG_IGN); subprocess.Popen(['sleep', '600'])\n"
     "    return model()"),
    # The process that watches over it
    ("worker", "os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)"),
    ("worker", "os.kill(os.getppid(), signal.SIGTERM); time.sleep(600)"),
    ("worker", "os.kill(os.getppid(), signal.SIGSEGV); time.sleep(600)"),
    ("worker", "os.kill(os.getppid(), signal.SIGINT); time.sleep(600)"),
    ("worker", "os.kill(os.getppid(), signal.SIGQUIT); time.sleep(600)"),
    ("worker", "os.kill(os.getppid(), signal.SIGHUP); time.sleep(600)"),
    ("worker", "daemon(); os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)"),
    ("worker", "pid = os.getppid(); daemon(lambda: [time.sleep(0.2), os.kill(pid, 9), time.sleep(600)])\n"
     "    time.sleep(600)"),
    ("worker", "kept = {'SEEDREG_WORKER': os.environ['SEEDREG_WORKER']}\n"
     "    daemon(lambda: os.execve('/bin/sleep', ['sleep', '600'], kept))\n"
     "    os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)"),
    ("built", "os.kill(os.getppid(), signal.SIGSTOP); return model()"),
    ("timeout", "os.kill(os.getppid(), signal.SIGSTOP); time.sleep(600)"),
    ("signal", "os.kill(os.getppid(), signal.SIGSTOP); os.kill(os.getpid(), signal.SIGKILL)"),
    ("built", "for _ in range(200): os.kill(os.getppid(), signal.SIGCHLD)\n    return model()"),
    ("built", "for _ in range(20): os.kill(os.getppid(), signal.SIGSTOP); time.sleep(0.05)\n"
     "    return model()"),
    ("worker raised", "write_to_supervisor(); return model()"),
    # Answers
    ("worker", "os.mkfifo(answer_path()); os._exit(0)"),
    ("worker", "os.symlink('/etc/passwd', answer_path()); os._exit(0)"),
    ("worker", "os.symlink('/dev/zero', answer_path()); os._exit(0)"),
    ("worker", "os.mkdir(answer_path()); os._exit(0)"),
    ("worker", "open(answer_path(), 'wb').truncate(40 << 30); os._exit(0)"),
    ("worker", "socket.socket(socket.AF_UNIX).bind(os.path.relpath(answer_path())); os._exit(0)"),
    ("worker", "os.link(__file__, answer_path()); os._exit(0)"),
    ("worker", "forge(b'')"),
    ("worker", "forge(b'good morning')"),
    ("worker", "forge(b'[' * 1000 + b']' * 1000)"),
    ("worker", "forge(b'[' * 1000000)"),
    ("worker", "forge(b'{\"built\": ' + b'{\"a\": ' * 1000 + b'1' + b'}' * 1001)"),
    ("worker", "forge(b'[' + b'[],' * 2000000 + b'[]]')"),
    ("worker", "forge(b'{\"failed\": {\"kind\": \"raised\", \"facts\": {\"error\": 1e400}}}')"),
    ("worker", "forge(b'{\"failed\": {\"kind\": \"raised\", \"facts\": {\"error\": NaN}}}')"),
    ("worker", "forge(b'{\"failed\": {\"kind\": \"raised\", \"facts\": {\"a\": ' + b'9' * 5000 + b'}}}')"),
    ("worker", "forge(b'{\"failed\": {\"kind\": \"sung\", \"facts\": {}}}')"),
    ("worker", "forge(b'{\"built\": {\"tensors\": [{\"layer\": 7}]}}')"),
    ("worker", "forge(b'[]')"),
    ("worker", "forge(b'{\"type\": \"outcome\"}\\n{\"type\": \"outcome\"}\\n')"),
    ("worker", "forge(b'{\"fresh_needed\": {\"variables\": []}}, \"id\": 0')"),
    ("worker", "forge(b'{\"fresh_needed\": {\"variables\": []}}')"),
    ("worker", "forge(b'\\xff\\xfe')"),
    ("worker", "forge(b'\\0' * 1000)"),
    ("worker", "forge(b'\\\"\\\\ud800\\\"')"),
    ("worker", "forge(b' ' * (40 << 20) + b'{}')"),
    ("vanished", "shutil.rmtree(os.path.dirname(answer_path())); return model()"),
    ("built vanished worker", "os.chmod(os.path.dirname(answer_path()), 0); return model()"),
    ("worker vanished", "os.makedirs(answer_path() + '/full'); return model()"),
    ("built", "os.mkfifo(answer_path()); return model()"),
    ("built", "os.mkfifo(answer_path() + '.partial'); return model()"),
    ("vanished", "os.mkdir(answer_path() + '.partial'); return model()"),
    ("built", "os.symlink(HERE + '/link', answer_path() + '.partial'); return model()"),
    # Descriptors, limits, surroundings
    ("built", "os.closerange(0, 65536); return model()"),
    ("built", "held = []\n    try:\n        while True: held.append(os.open('/dev/null', os.O_RDONLY))\n"
     "    except OSError: pass\n    globals()['held'] = held; return model()"),
    ("built", "lower(resource.RLIMIT_NOFILE); return model()"),
    ("vanished", "lower(resource.RLIMIT_NOFILE, 0); return model()"),
    ("built", "lower(resource.RLIMIT_FSIZE); return model()"),
    ("vanished", "lower(resource.RLIMIT_FSIZE, 0); return model()"),
    ("memory", "resource.setrlimit(resource.RLIMIT_AS, (1 << 33, 1 << 33)); return bytearray(1 << 40)"),
    ("built", "lower(resource.RLIMIT_NPROC, 0); return model()"),
    ("built", "os.chdir('/'); return model()"),
    ("built", "os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd()); return model()"),
    ("built", "os.umask(0o777); return model()"),
    ("built", "os.environ.clear(); return model()"),
    ("built", "for _ in range(3000): os.write(1, b'x' * 65536)\n    return model()"),
    ("timeout", "shout()"),
    ("built", "json.dumps = json.loads = None; return model()"),
    ("built", "json.encoder.JSONEncoder.encode = json.encoder.JSONEncoder.iterencode = None; return model()"),
    ("built", "os.write = os.open = os.rename = os.close = os.unlink = None; return model()"),
    ("built", "builtins.open = builtins.print = None; return model()"),
    ("built", "time.time = time.monotonic = time.perf_counter = lambda: 0.0; return model()"),
    ("built", "os.fork = os._exit = os.getpid = lambda *_: 0; return model()"),
    ("built", "resource.setrlimit = resource.getrlimit = None; return model()"),
    ("built", "os.nice(19); gc.disable(); sys.setrecursionlimit(200); return model()"),
)  # fmt: skip
