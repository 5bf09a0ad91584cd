"""A real installation for a test: Redis, routers, Prometheus, Alertmanager, a webhook.

    with Stack(pathlib.Path("build/dev/services")) as stack:
        router = stack.start_router()
        stack.start_prometheus()
        stack.await_true("a scrape", lambda: stack.value('up{job="firstline"}') == 1)

Everything listens on a free port of loopback and is ended with the Stack, whatever happens. Files
are in a temporary folder that is removed, unless something failed: then its name is printed.
"""

import collections
import http.server
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]



def run(main, document, *tools):
    """Calls main with the folder that the command line names; skips (77) where a tool is missing."""
    if len(sys.argv) != 2:
        sys.exit(document)
    for tool in tools:
        if shutil.which(tool) is None:
            print(f"skipped: {tool} is not installed")
            sys.exit(77)
    main(pathlib.Path(sys.argv[1]))


Router = collections.namedtuple("Router", "process grpc_port metrics_port")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def fetch(url, **parameters):
    """The body of a GET; parameters become the query string."""
    query = "?" + urllib.parse.urlencode(parameters, doseq=True) if parameters else ""
    with urllib.request.urlopen(url + query, timeout=30) as answer:
        return answer.read().decode()


class Webhook:
    """Takes what Alertmanager posts. `alerts`: (path, name, status) of each, oldest first."""

    def __init__(self):
        self.alerts = []
        self.bodies = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.bodies.append(body)
                for alert in body["alerts"]:
                    outer.alerts.append((self.path, alert["labels"]["alertname"], alert["status"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Stack:
    def __init__(self, programs):
        self.programs = programs.resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="firstline-ops."))
        self.children = []
        self.routers = []
        self.redis = None
        self.prometheus_port = None
        self.alertmanager_port = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *ignored):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.terminate()
        for child in reversed(self.children):
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"logs are in {self.folder}")

    # ---- Starting -------------------------------------------------------------------------------

    def start(self, name, *command):
        log = open(self.folder / f"{name}.log", "ab")
        child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        self.children.append(child)
        return child

    def start_redis(self, name="redis"):
        """The process, and what routers take as their store."""
        folder = self.folder / f"{name}.data"
        folder.mkdir()
        socket = self.folder / f"{name}.sock"
        child = self.start(name, "redis-server", ROOT / "deploy/redis/redis.conf", "--port", "0",
                           "--unixsocket", socket, "--dir", folder)
        self.await_true(name, socket.exists)
        return child, f"unix:{socket}"

    def start_router(self, *options, store=None):
        if self.redis is None and store is None:
            self.redis, _ = self.start_redis()
        store = store or f"unix:{self.folder}/redis.sock"
        self.routers.append(self.run_router(len(self.routers), store, options, 0, 0))
        return self.routers[-1]

    def restart_router(self, index):
        """A new router at the address of one that has ended."""
        old = self.routers[index]
        self.routers[index] = self.run_router(index, f"unix:{self.folder}/redis.sock", (),
                                              old.grpc_port, old.metrics_port)

    def run_router(self, index, store, options, grpc_port, metrics_port):
        name = f"router-{index}"
        ports = self.folder / f"{name}.ports"
        ports.unlink(missing_ok=True)
        process = self.start(name, self.programs / "router/firstline-router", f"--store={store}",
                             f"--listen=127.0.0.1:{grpc_port}",
                             f"--metrics-listen=127.0.0.1:{metrics_port}", f"--port-file={ports}",
                             *options)
        self.await_true(name, ports.exists)
        return Router(process, *(int(port) for port in ports.read_text().split()))

    def start_prometheus(self, *options, scrape="1s", data=None):
        """The rules of deploy/, evaluated as often as is scraped."""
        targets = [f"127.0.0.1:{router.metrics_port}" for router in self.routers]
        config = {"global": {"scrape_interval": scrape, "evaluation_interval": scrape},
                  "rule_files": [str(ROOT / "deploy/prometheus/rules/*.yaml")],
                  "scrape_configs": [{"job_name": "firstline",
                                      "static_configs": [{"targets": targets}]}]}
        if self.alertmanager_port:
            config["alerting"] = {"alertmanagers": [
                {"static_configs": [{"targets": [f"127.0.0.1:{self.alertmanager_port}"]}]}]}
        # JSON is YAML.
        (self.folder / "prometheus.yml").write_text(json.dumps(config))
        self.prometheus_port = free_port()
        self.start("prometheus", "prometheus", f"--config.file={self.folder}/prometheus.yml",
                   f"--storage.tsdb.path={data or self.folder / 'tsdb'}",
                   "--storage.tsdb.retention.time=3650d",
                   f"--web.listen-address=127.0.0.1:{self.prometheus_port}", *options)
        self.await_true("prometheus", lambda: self.answers(self.prometheus_port))

    def start_alertmanager(self, webhook_port):
        """The configuration of deploy/, its webhooks led to ours."""
        text = (ROOT / "deploy/alertmanager/alertmanager.yml").read_text()
        changed = text.replace("http://webhook:8080", f"http://127.0.0.1:{webhook_port}")
        assert changed != text
        (self.folder / "alertmanager.yml").write_text(changed)
        self.alertmanager_port = free_port()
        self.start("alertmanager", "prometheus-alertmanager",
                   f"--config.file={self.folder}/alertmanager.yml",
                   f"--storage.path={self.folder}/alertmanager", "--cluster.listen-address=",
                   f"--web.listen-address=127.0.0.1:{self.alertmanager_port}")
        self.await_true("alertmanager", lambda: self.answers(self.alertmanager_port))

    # ---- Asking ---------------------------------------------------------------------------------

    def answers(self, port):
        try:
            return bool(fetch(f"http://127.0.0.1:{port}/-/ready"))
        except (urllib.error.URLError, ConnectionError):
            return False

    def await_true(self, what, condition, seconds=30):
        """Waits until the condition holds. Fails when a child has ended meanwhile."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"no {what} within {seconds} s"
            time.sleep(0.1)

    def api(self, path, **parameters):
        text = fetch(f"http://127.0.0.1:{self.prometheus_port}/api/v1/{path}", **parameters)
        return json.loads(text)["data"]

    def value(self, query):
        """The sum over what the query finds now; None when it finds nothing."""
        result = self.api("query", query=query)["result"]
        return sum(float(sample["value"][1]) for sample in result) if result else None

    def firstline(self, router, *words, **options):
        """Runs the command line against a router and returns what it writes."""
        return subprocess.run([str(self.programs / "cli/firstline"), "--server",
                               f"127.0.0.1:{router.grpc_port}", *words], check=True, text=True,
                              capture_output=True, **options).stdout
