"""Who is measured, and how: each contender starts what it needs, fresh, and gives one set of figures."""

import dataclasses
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

LEVELS = (1, 16, 64, 256)  # pieces of work outstanding
STREAM_LEVELS = (*LEVELS, 1024)
PER_CONNECTION = 64
BULLMQ = ("bullmq@6.7.0", "ioredis@6.0.0")
START_TIMEOUT_S = 60
MEASUREMENT_TIMEOUT_S = 180


class Failed(Exception):
    """A contender that could not be measured, or lost something."""


class Unavailable(Exception):
    """A contender that cannot be had on this machine; it is left out with this message."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is the same for all measurements of a run."""
    programs: pathlib.Path
    modules: pathlib.Path  # where npm has installed, or is to install
    warm_up_ms: int
    window_ms: int

    def window(self):
        return ["--warm-up-ms", str(self.warm_up_ms), "--window-ms", str(self.window_ms)]

    def bench(self, name):
        return str(self.programs / "tests" / "bench" / name)


class Stage:
    """Servers in a temporary folder, for one measurement. They are stopped in reverse order."""

    def __init__(self, setting):
        self.setting = setting
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fl-bench-"))
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command):
        with open(self.folder / f"{name}.log", "wb") as log:
            child = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *command],
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def await_true(self, name, child, ready):
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready():
            if child.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / f"{name}.log").read_text(errors="replace")
                raise Failed(f"{name} does not start: {log[-2000:]}")
            time.sleep(0.01)

    def redis(self):
        """The settings of the design, but no rewrite of the file in the middle of a measurement."""
        socket = str(self.folder / "redis.sock")
        child = self.start("redis", [
            "redis-server", "--port", "0", "--unixsocket", socket, "--dir", str(self.folder),
            "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
            "--auto-aof-rewrite-percentage", "0", "--maxmemory-policy", "noeviction"])
        ping = ["redis-cli", "-s", socket, "ping"]
        self.await_true("redis", child, lambda: subprocess.run(
            ping, capture_output=True, check=False).stdout == b"PONG\n")
        return socket, child.pid

    def credentials(self):
        """Files for TLS and tokens: what `_secured` names."""
        ran = subprocess.run([self.setting.bench("bench_credentials"), str(self.folder)],
                             capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise Failed(f"bench_credentials: {ran.stderr}")
        return self.folder

    def router(self, socket, options=()):
        ports = self.folder / "ports"
        child = self.start("router", [
            str(self.setting.programs / "services" / "router" / "firstline-router"),
            f"--store=unix:{socket}", "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0",
            f"--port-file={ports}", "--log-level=warning", *options])
        self.await_true("router", child, ports.exists)
        return "127.0.0.1:" + ports.read_text().split()[0], child.pid

    def echo(self, api):
        ports = self.folder / "echo"
        child = self.start("echo", [self.setting.bench("bench_echo_server"), "--api", api,
                                    "--port-file", str(ports)])
        self.await_true("echo", child, ports.exists)
        return "127.0.0.1:" + ports.read_text().split()[0], child.pid

    def measure(self, command):
        """Runs a program that prints its figures as the last line."""
        command = [*command, *self.setting.window()]
        try:
            ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 timeout=MEASUREMENT_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{' '.join(command)}: no end after {MEASUREMENT_TIMEOUT_S} s") from error
        if ran.returncode != 0:
            raise Failed(f"{' '.join(command)}: {(ran.stdout + ran.stderr)[-2000:]}")
        return json.loads(ran.stdout.splitlines()[-1])


# ---- The contenders ------------------------------------------------------------------------------


def _load(via, outstanding):
    command = ["--via", via, "--outstanding", str(outstanding)]
    per_connection = PER_CONNECTION if via == "stream" else PER_CONNECTION // 4
    connections = min(max(1, outstanding // per_connection), 4)
    if outstanding >= PER_CONNECTION and via == "stream":
        command += ["--batch-min", "16"]
    return [*command, "--connections", str(connections)]


def _echo(api, via, outstanding):
    def run(setting):
        with Stage(setting) as stage:
            target, pid = stage.echo(api)
            return stage.measure([setting.bench("bench_load"), "--target", target, "--work", "echo",
                                  *_load(via, outstanding), "--cpu", f"server={pid}"])
    return run


def _secured(stage, secured):
    """Options of the router and of the load; `secured` is None, "tls" or "tokens", which is both."""
    if secured is None:
        return [], []
    folder = stage.credentials()
    router = [f"--tls-cert={folder}/router.pem", f"--tls-key={folder}/router.key",
              f"--tls-ca={folder}/ca.pem", "--tls-clients=may-prove"]
    load = ["--tls-ca", f"{folder}/ca.pem"]
    if secured == "tokens":
        router += [f"--auth-keys={folder}/keys.pem", "--auth-issuer=bench",
                   "--auth-audience=firstline"]
        load += ["--token-file", f"{folder}/token"]
    return router, load


def _firstline(work, via, outstanding, agents=0, secured=None):
    def run(setting):
        with Stage(setting) as stage:
            router_options, load_options = _secured(stage, secured)
            socket, redis = stage.redis()
            target, router = stage.router(socket, router_options)
            return stage.measure([setting.bench("bench_load"), "--target", target, "--work", work,
                                  *_load(via, outstanding), "--agents", str(agents),
                                  "--redis", socket, "--cpu", f"server={router}",
                                  "--cpu", f"redis={redis}", *load_options])
    return run


def _on_redis(program, *arguments):
    def run(setting):
        with Stage(setting) as stage:
            socket, redis = stage.redis()
            return stage.measure([setting.bench(program), *arguments, "--redis", socket,
                                  "--redis-pid", str(redis)])
    return run


def _install_bullmq(modules):
    if (modules / "node_modules" / "bullmq").is_dir() and (
            modules / "node_modules" / "ioredis").is_dir():
        return
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise Unavailable("node and npm are not installed")
    modules.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--silent", "--prefix",
               str(modules), *BULLMQ]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              check=False).returncode == 0
    except subprocess.TimeoutExpired:
        done = False
    if not done:
        raise Unavailable("npm could not fetch bullmq; no network?")


def _bullmq(setting):
    _install_bullmq(setting.modules)
    # It compiles itself while it runs, and one round trip may be longer than a quick window.
    setting = dataclasses.replace(setting, warm_up_ms=max(1500, setting.warm_up_ms),
                                  window_ms=max(1000, setting.window_ms))
    with Stage(setting) as stage:
        socket, redis = stage.redis()
        script = pathlib.Path(__file__).with_name("bullmq.mjs")
        return stage.measure(["node", str(script), "--modules", str(setting.modules),
                              "--redis", socket, "--redis-pid", str(redis)])


def all_contenders():
    """Name -> function of the setting."""
    contenders = {}
    for n in LEVELS:
        contenders[f"echo callback unary {n}"] = _echo("callback", "unary", n)
        contenders[f"echo queue unary {n}"] = _echo("queue", "unary", n)
        contenders[f"firstline submit unary {n}"] = _firstline("submit", "unary", n)
    for n in STREAM_LEVELS:
        contenders[f"echo stream {n}"] = _echo("callback", "stream", n)
        contenders[f"firstline submit stream {n}"] = _firstline("submit", "stream", n)
    for secured in ("tls", "tokens"):
        for via, n in (("unary", 64), ("stream", 256)):
            contenders[f"firstline submit {via} {n}, {secured}"] = _firstline(
                "submit", via, n, secured=secured)
    contenders["redis ping 1"] = _on_redis("bench_commit", "--via", "ping")
    contenders["redis commit store 1"] = _on_redis("bench_commit", "--via", "store", "--batch", "1")
    for via in ("store", "pipeline"):
        contenders[f"redis commit {via} 64"] = _on_redis("bench_commit", "--via", via)
    for via in ("unary", "stream"):
        for n in (64, 256):
            contenders[f"firstline life {via} {n}"] = _firstline("life", via, n, 1000)
    for agents in (1000, 10_000):
        for n in (64, 256):
            contenders[f"firstline assign stream {n}, {agents} agents"] = _firstline(
                "assign", "stream", n, agents)
        for how in ("scan", "inter"):
            contenders[f"lua {how} {agents} agents"] = _on_redis(
                "bench_lua_matching", "--how", how, "--agents", str(agents))
    contenders["firstline life stream 10000 agents"] = _firstline("life", "stream", 64, 10_000)
    contenders["bullmq"] = _bullmq
    return contenders
