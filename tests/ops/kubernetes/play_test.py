#!/usr/bin/env python3
"""The very Deployment runs, and answers its probes as a kubelet would ask them.

    tests/ops/kubernetes/play_test.py FOLDER MODULES RENDERED IMAGE PROGRAMS

FOLDER holds containers.conf (tests/ops/podman.sh); MODULES node_modules with yaml and
@bufbuild/buf; RENDERED is an overlay as kustomize writes it. Redis runs on this host, on the pod's
gateway; it comes later than the router, stalls, and goes on.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "live"))
from stack import ROOT, fetch, free_port  # noqa: E402

NETWORK = "podman-default-kube-network"


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, text=True,
                          capture_output=True, **options).stdout.strip()


class Kubelet:
    """Asks a container's probes at their period and keeps count, as kubelet does."""

    def __init__(self, container, buf, port):
        self.container = container
        self.buf = buf
        self.port = port

    def ask(self, probe):
        """One grpc probe: grpc.health.v1.Health/Check within its timeout."""
        spec = self.container[probe]
        ask = json.dumps({"service": spec["grpc"]["service"]})
        try:
            answer = run(self.buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge",
                         "--data", ask, f"http://127.0.0.1:{self.port}/grpc.health.v1.Health/Check",
                         timeout=spec.get("timeoutSeconds", 1) + 2)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        return json.loads(answer).get("status") == "SERVING"

    def await_state(self, probe, wanted):
        """Asks at the probe's period until it has the wanted answer as often in a row as its
        thresholds say; returns the seconds that took. Fails after a minute."""
        spec = self.container[probe]
        needed = spec.get("successThreshold", 1) if wanted else spec.get("failureThreshold", 3)
        start, in_a_row = time.monotonic(), 0
        while in_a_row < needed:
            asked = time.monotonic()
            assert asked - start < 60, f"{probe} never became {wanted}"
            in_a_row = in_a_row + 1 if self.ask(probe) == wanted else 0
            time.sleep(max(0, min(spec["periodSeconds"], 2) - (time.monotonic() - asked)))
        return time.monotonic() - start


def check_process(name):
    pid = run("podman", "inspect", "--format", "{{.State.Pid}}", name)
    status = dict(line.split(":\t", 1) for line in
                  pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    assert status["Uid"].split()[0] == "10001", status["Uid"]
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert "rw" not in mount_options(pid), "the root can be written"


def mount_options(pid):
    for line in pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[4] == "/":
            return fields[5].split(",")
    raise AssertionError("no root")


def play(modules, rendered, image, programs, scratch):
    if subprocess.run(["podman", "network", "exists", NETWORK], check=False).returncode:
        run("podman", "network", "create", NETWORK)
    gateway = json.loads(run("podman", "network", "inspect", NETWORK))[0]["subnets"][0]["gateway"]
    redis_port, grpc_port, metrics_port = free_port(), free_port(), free_port()
    manifest = scratch / "router.json"
    manifest.write_text(run("node", ROOT / "tests/ops/kubernetes/playable.mjs", modules, rendered,
                            image, f"{gateway}:{redis_port}", grpc_port, metrics_port))
    container = json.loads(manifest.read_text())["spec"]["template"]["spec"]["containers"][0]
    run("podman", "kube", "play", manifest)
    name = "firstline-router-pod-0-router"
    kubelet = Kubelet(container, modules / "node_modules/.bin/buf", grpc_port)
    redis = None
    try:
        print(f"started after {kubelet.await_state('startupProbe', True):.1f} s, without Redis")
        check_process(name)
        kubelet.await_state("readinessProbe", False)
        assert kubelet.ask("livenessProbe"), "without Redis it is not alive"

        redis = subprocess.Popen(["redis-server", str(ROOT / "deploy/redis/redis.conf"), "--bind",
                                  gateway, "--protected-mode", "no", "--port", str(redis_port),
                                  "--dir", str(scratch)], stdout=subprocess.DEVNULL)
        print(f"ready {kubelet.await_state('readinessProbe', True):.1f} s after Redis came")
        cli = [programs / "cli/firstline", "--server", f"127.0.0.1:{grpc_port}"]
        run(*cli, "load", "--rate", "100", "--duration", "4s", "--handle", "50ms")
        assert "firstline_inquiries_submitted_total{" in \
            fetch(f"http://127.0.0.1:{metrics_port}/metrics")

        redis.send_signal(signal.SIGSTOP)
        print(f"not ready {kubelet.await_state('readinessProbe', False):.1f} s after Redis stalled")
        assert kubelet.ask("livenessProbe"), "a stalled Redis makes it look dead"
        redis.send_signal(signal.SIGCONT)
        print(f"ready {kubelet.await_state('readinessProbe', True):.1f} s after it went on")

        begun = time.monotonic()
        run("podman", "stop", "--time", "25", name)
        took = time.monotonic() - begun
        assert run("podman", "inspect", "--format", "{{.State.ExitCode}}", name) == "0"
        assert took < 15, f"{took:.1f} s to stop"
        print(f"stopped after {took:.1f} s of the 25 it has")
    finally:
        subprocess.run(["podman", "kube", "down", str(manifest)], check=False, capture_output=True)
        if redis:
            redis.send_signal(signal.SIGCONT)
            redis.terminate()
            redis.wait()


def main(folder, modules, rendered, image, programs):
    os.environ["CONTAINERS_CONF"] = str(pathlib.Path(folder, "containers.conf").resolve())
    with tempfile.TemporaryDirectory() as scratch:
        play(pathlib.Path(modules), rendered, image, pathlib.Path(programs),
             pathlib.Path(scratch))
    print("play_test: passed")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
