"""What callers notice of moves; tests/bench/failover.sh --help tells the rest."""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import signal
import statistics
import sys
import time

import contenders
import name_server
from run_bench import ROOT, circumstances

CONFIG = ROOT / "deploy" / "client" / "service_config.json"
LEASE_MS = 2000
WAITING = 10_000
PATIENCE_S = 60


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True,
                        help="a build folder, such as build/release")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="judge what must hold anywhere")
    parser.add_argument("--only", action="append", default=[], choices=list(MEASUREMENTS),
                        metavar="NAME")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench")
    given = parser.parse_args()
    if given.quick:
        given.rounds = 1
    given.window_ms, given.warm_up_ms = (300, 100) if given.quick else (3000, 1000)
    if given.rounds < 1:
        parser.error("at least one round")
    return given


def pick(count, quick):
    return count if not quick else max(1, count // 20)


# ---- Routers and their callers -------------------------------------------------------------------


Spent = collections.namedtuple("Spent", "routers_s redis_s sleeps")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sleeps(pid):
    return sum(int(line.split()[1])
               for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status")
               for line in status.read_text().splitlines()
               if line.startswith("voluntary_ctxt_switches"))


class Cluster(contenders.Stage):
    """A Redis and routers that come and go under addresses that stay."""

    def __init__(self, given):
        super().__init__(contenders.Setting(given.programs.resolve(), pathlib.Path("."),
                                            given.warm_up_ms, given.window_ms))
        self.quick = given.quick
        self.socket, self.store, self.routers, self.started, self.loads = None, None, {}, 0, 0

    def __enter__(self):
        self.socket, self.store = self.redis()
        return self

    def spent(self):
        """(CPU seconds of the routers, of Redis, how often a thread of the routers fell asleep)."""
        routers = [child.pid for child in self.routers.values()]
        return Spent(sum(map(cpu_seconds, routers)), cpu_seconds(self.store),
                     sum(map(sleeps, routers)))

    def add(self, listen="127.0.0.1:0"):
        """Starts a router and gives its address."""
        self.started += 1
        name = f"router{self.started}"
        ports = self.folder / name
        child = self.start(name, [
            str(self.setting.programs / "services" / "router" / "firstline-router"),
            f"--store=unix:{self.socket}", f"--listen={listen}", "--metrics-listen=none",
            f"--port-file={ports}", f"--lease-ms={LEASE_MS}", "--log-level=warning"])
        self.await_true(name, child, ports.exists)
        address = listen.rsplit(":", 1)[0] + ":" + ports.read_text().split()[0]
        self.routers[address] = child
        return address

    def end(self, address, how):
        child = self.routers.pop(address)
        child.send_signal(how)
        child.wait(PATIENCE_S)
        self.children.remove(child)

    def ask_redis(self, *command):
        return contenders.subprocess.run(["redis-cli", "-s", self.socket, *command],
                                         capture_output=True, text=True, check=True).stdout.strip()

    def owners(self, workspaces):
        return [self.ask_redis("HGET", f"fl:{{w{i}}}:own", "address") for i in range(workspaces)]

    def spread(self, workspaces):
        """Until every router owns its share."""
        least = workspaces // len(self.routers)

        def even():
            owners = self.owners(workspaces)
            return all(owners.count(address) >= least for address in self.routers)

        wait_until("workspaces spread", even)

    def command(self, *options, targets=None):
        self.loads += 1
        return [self.setting.bench("bench_callers"), "--targets", ",".join(targets or self.routers),
                "--prefix", f"p{self.loads}", *options]

    def apply(self, *options):
        """Makes the workspaces."""
        run(self.command(*options, "--idle"), ["apply"])

    @contextlib.contextmanager
    def callers(self, *options, targets=None):
        callers = Callers(self.command(*options, targets=targets),
                          self.folder / f"callers{self.loads}.log")
        try:
            yield callers
        finally:
            callers.stop()


def run(command, lines):
    ran = contenders.subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True,
                                    text=True, timeout=PATIENCE_S * 2, check=False)
    if ran.returncode != 0:
        raise contenders.Failed(f"{' '.join(command)}: {ran.stderr[-2000:]}")


def wait_until(what, so):
    end = time.monotonic() + PATIENCE_S * 2
    while not so():
        if time.monotonic() > end:
            raise contenders.Failed(f"{what}: not within {PATIENCE_S * 2} s")
        time.sleep(0.05)


class Callers:
    """bench_callers at work."""

    def __init__(self, command, log):
        self.log = open(log, "w", encoding="utf-8")
        pipe = contenders.subprocess.PIPE
        self.child = contenders.subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command], stdin=pipe, stdout=pipe,
            stderr=self.log, text=True)

    def ask(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline()
        if not answer:
            raise contenders.Failed("the callers ended: " + pathlib.Path(self.log.name).read_text())
        return answer

    def begin(self):
        self.ask("begin")

    def tell(self):
        return json.loads(self.ask("tell"))

    def for_a_while(self, setting):
        """What they see in a window after a warm-up."""
        time.sleep(setting.warm_up_ms / 1000)
        self.begin()
        time.sleep(setting.window_ms / 1000)
        figures = self.tell()
        if figures["failed"]:
            raise contenders.Failed(f"{figures['failed']} calls failed: {figures['failure']}")
        return figures

    def check(self):
        """They stop. What they were told is what happened, once."""
        check = json.loads(self.ask("check"))
        if check["lost"] or check["doubled"] or not check["acknowledged"]:
            raise contenders.Failed(f"of {check['acknowledged']} acknowledged calls {check['lost']} "
                                    f"are lost, {check['doubled']} inquiries doubled: "
                                    f"{check['example']}")

    def stop(self):
        self.child.stdin.close()
        try:
            self.child.wait(PATIENCE_S)
        except contenders.subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
        self.log.close()


def plain(given, *more):
    ledger = ["--ledger"] if given.check else []
    return ["--client", "plain", "--service-config", str(CONFIG), *ledger, *more]


def judge(given, callers, moves):
    """What must hold whatever the figures are."""
    if not given.check:
        return
    for one in moves:
        if one["failed"]:
            raise contenders.Failed(f"{one['failed']} calls failed: {one['failure']}")
    callers.check()


# ---- Measurements: each gives a list of figures, one a round --------------------------------------


def handover(given):
    """A workspace with many waiting goes from a router that ends to the other, and back."""
    moves = []
    with Cluster(given) as cluster:
        for _ in range(2):
            cluster.add()
        cluster.apply()
        waiting = pick(WAITING, given.quick)
        with cluster.callers(*plain(given, "--callers", "4", "--pause-us", "200")) as callers:
            callers.ask(f"fill {waiting}")
            for _ in range(4 if given.check else pick(4 * given.rounds, given.quick)):
                wait_until("both are called", lambda: called(callers) >= 2)
                owner = cluster.owners(1)[0]
                callers.begin()
                cluster.end(owner, signal.SIGTERM)
                wait_until("the workspace moves", lambda: cluster.owners(1)[0] != owner)
                time.sleep(0.5)
                figures = callers.tell()
                moves.append({"unavailable_ms": figures["gap_ms"],
                              "longest_call_ms": figures["longest_ms"],
                              "calls": figures["calls"], "failed": figures["failed"],
                              "failure": figures["failure"], "waiting": waiting})
                cluster.add(owner)
            judge(given, callers, moves)
    return moves


def called(callers):
    callers.begin()
    time.sleep(0.2)
    return len(callers.tell()["by_peer"])


def crash(given):
    """The owner is killed."""
    moves = []
    with Cluster(given) as cluster:
        for _ in range(2):
            cluster.add()
        cluster.apply()
        with cluster.callers(*plain(given, "--callers", "4", "--pause-us", "200")) as callers:
            callers.ask(f"fill {pick(WAITING, given.quick)}")
            for _ in range(given.rounds):
                wait_until("both are called", lambda: called(callers) >= 2)
                owner = cluster.owners(1)[0]
                callers.begin()
                cluster.end(owner, signal.SIGKILL)
                time.sleep(LEASE_MS / 1000 + 1.5)
                figures = callers.tell()
                moves.append({"unavailable_ms": figures["gap_ms"], "failed": figures["failed"],
                              "failure": figures["failure"], "lease_ms": LEASE_MS})
                cluster.add(owner)
            judge(given, callers, moves)
    return moves


def scaling(given):
    """A third router comes; its address appears in DNS, callers know the name only."""
    workspaces = 12
    with Cluster(given) as cluster, name_server.NameServer() as names:
        first = cluster.add("127.0.0.1:0")
        port = first.rsplit(":", 1)[1]
        cluster.add(f"127.0.0.2:{port}")
        names.addresses = ["127.0.0.1", "127.0.0.2"]
        cluster.apply("--workspaces", str(workspaces))
        uri = f"dns://127.0.0.1:{names.port}/routers.firstline.test:{port}"
        with cluster.callers(*plain(given, "--callers", "6", "--pause-us", "5000", "--channel", uri,
                                    "--workspaces", str(workspaces))) as callers:
            cluster.spread(workspaces)
            wait_until("both are called", lambda: called(callers) >= 2)
            callers.begin()
            began = time.monotonic()
            third = cluster.add(f"127.0.0.3:{port}")
            names.addresses.append("127.0.0.3")
            failed, failure, share, owned_s, called_s = 0, "", 0.0, None, None
            while time.monotonic() - began < 2 * PATIENCE_S and (owned_s is None or called_s is None):
                time.sleep(1)
                figures = callers.tell()
                callers.begin()
                failed += figures["failed"]
                failure = failure or figures["failure"]
                share = figures["by_peer"].get(f"ipv4:{third}", 0) / max(1, figures["calls"])
                passed = time.monotonic() - began
                if called_s is None and share >= 0.3:
                    called_s = passed
                if owned_s is None and cluster.owners(workspaces).count(third) >= workspaces // 3:
                    owned_s = passed
                if given.quick and owned_s is not None:
                    break
            judge(given, callers, [{"failed": failed, "failure": failure}])
    return [{"third_owns_its_share_s": owned_s, "third_is_called_its_share_s": called_s,
             "share": share, "failed": failed}]


def forwarding(given):
    """One caller that waits for each answer: at the owner, at the other router."""
    rounds = []
    with Cluster(given) as cluster:
        for _ in range(2):
            cluster.add()
        cluster.apply()
        owner = cluster.owners(1)[0]
        other = next(address for address in cluster.routers if address != owner)
        for _ in range(given.rounds):
            figures = {}
            for where, target in (("owned", owner), ("forwarded", other)):
                with cluster.callers("--client", "plain", "--callers", "1",
                                     targets=[target]) as callers:
                    figures[where] = callers.for_a_while(cluster.setting)
            rounds.append({"owned_p50_us": figures["owned"]["p50_us"],
                           "forwarded_p50_us": figures["forwarded"]["p50_us"],
                           "ratio": figures["forwarded"]["p50_us"] / figures["owned"]["p50_us"]})
    return rounds


def per_call(before, after, calls):
    """What was spent between two looks; `calls`: the rate of the window, taken for the whole time."""
    spent = Spent(*(now - then for now, then in zip(after, before)))
    return {"routers_us": spent.routers_s * 1e6 / calls, "redis_us": spent.redis_s * 1e6 / calls,
            "sleeps": spent.sleeps / calls}


def throughput(given):
    """Many callers over twelve workspaces: one router, three, and three whose owners are followed."""
    rounds = []
    common = ["--callers", "96", "--workspaces", "12"]
    with Cluster(given) as one, Cluster(given) as three:
        for cluster, count in ((one, 1), (three, 3)):
            for _ in range(count):
                cluster.add()
            cluster.apply(*common)
        three.spread(12)
        kinds = (("one", one, "blind"), ("one_library", one, "library"),
                 ("three", three, "blind"), ("three_library", three, "library"))
        for _ in range(given.rounds):
            figures = {}
            for name, cluster, client in kinds:
                with cluster.callers("--client", client, *common) as callers:
                    before, began = cluster.spent(), time.monotonic()
                    figures[name] = callers.for_a_while(cluster.setting)["per_second"]
                    calls = figures[name] * (time.monotonic() - began)
                figures[f"{name}_per_call"] = per_call(before, cluster.spent(), calls)
            rounds.append({**figures, "blind_ratio": figures["three"] / figures["one"],
                           "library_ratio": figures["three_library"] / figures["one_library"]})
    return rounds


MEASUREMENTS = {"handover": handover, "crash": crash, "scaling": scaling,
                "forwarding": forwarding, "throughput": throughput}


# ---- Targets and report --------------------------------------------------------------------------


def median(rounds, key):
    return statistics.median(one[key] for one in rounds)


def worst(rounds, key):
    return max(one[key] for one in rounds)


def targets(results):
    """(what, wanted, measured, met) of everything that was measured."""
    rows = []

    def row(what, wanted, measured, met):
        rows.append({"what": what, "wanted": wanted, "measured": measured, "met": bool(met)})

    if moves := results.get("handover"):
        failed = sum(one["failed"] for one in moves)
        row(f"handover of a workspace with {moves[0]['waiting']:,} waiting: time without an answer",
            "< 100 ms", f"{median(moves, 'unavailable_ms'):.0f} ms, worst of {len(moves)} "
            f"{worst(moves, 'unavailable_ms'):.0f} ms", worst(moves, "unavailable_ms") < 100)
        row("failed calls over all handovers, with the published retry policy", "0 in 20",
            f"{failed} in {len(moves)} ({sum(one['calls'] for one in moves):,} calls)",
            failed == 0 and len(moves) >= 20)
    if moves := results.get("crash"):
        bound = moves[0]["lease_ms"] + 500
        row(f"owner killed, lease {moves[0]['lease_ms']} ms: time without an answer",
            f"< {bound} ms", f"{median(moves, 'unavailable_ms'):.0f} ms, worst of {len(moves)} "
            f"{worst(moves, 'unavailable_ms'):.0f} ms", worst(moves, "unavailable_ms") < bound)
        row("failed calls over all crashes", "0", f"{sum(one['failed'] for one in moves)}",
            sum(one["failed"] for one in moves) == 0)
    if scaled := results.get("scaling"):
        one = scaled[0]
        spans = [one["third_owns_its_share_s"], one["third_is_called_its_share_s"]]
        row("third router owns its share of 12 workspaces / is called its share (plain gRPC, DNS)",
            "< 60 s", " / ".join("never" if span is None else f"{span:.0f} s" for span in spans),
            all(span is not None and span < 60 for span in spans))
    if rounds := results.get("forwarding"):
        row("forwarded unary call against an owned one, p50", "<= 1.6",
            f"{median(rounds, 'ratio'):.2f} ({median(rounds, 'forwarded_p50_us'):.0f} against "
            f"{median(rounds, 'owned_p50_us'):.0f} us)", median(rounds, "ratio") <= 1.6)
    if rounds := results.get("throughput"):
        row("three routers against one, owner-blind clients", ">= 0.75",
            f"{median(rounds, 'blind_ratio'):.2f} ({median(rounds, 'three'):,.0f} against "
            f"{median(rounds, 'one'):,.0f} calls/s)", median(rounds, "blind_ratio") >= 0.75)
        row("three routers against one, client library", ">= 0.95",
            f"{median(rounds, 'library_ratio'):.2f} ({median(rounds, 'three_library'):,.0f} against "
            f"{median(rounds, 'one_library'):,.0f} calls/s)", median(rounds, "library_ratio") >= 0.95)
    return rows


def costs(rounds):
    """What a call costs with each number of routers and kind of client, as lines of a table."""
    lines = ["", "| a call | routers, us of CPU | Redis, us of CPU | threads of routers that fell asleep |",
             "|---|---|---|---|"]
    for name in ("one", "three", "one_library", "three_library"):
        spent = [one[f"{name}_per_call"] for one in rounds]
        lines.append(f"| {name.replace('_', ', ')} | {median(spent, 'routers_us'):.1f} | "
                     f"{median(spent, 'redis_us'):.1f} | {median(spent, 'sleeps'):.2f} |")
    return lines


def markdown(whole):
    about = whole["about"]
    lines = [f"{about['date']}, {about['machine']}, {about['redis']}, commit {about['commit']}"
             + (", quick" if about["quick"] else ""), "",
             "| | wanted | measured | |", "|---|---|---|---|"]
    lines += [f"| {row['what']} | {row['wanted']} | {row['measured']} | "
              f"{'met' if row['met'] else 'missed'} |" for row in whole["targets"]]
    if rounds := whole["rounds"].get("throughput"):
        lines += costs(rounds)
    return "\n".join(lines) + "\n"


def main():
    given = arguments()
    about = circumstances(given)
    results = {}
    try:
        for name, measure in MEASUREMENTS.items():
            if given.only and name not in given.only:
                continue
            results[name] = measure(given)
            print(f"{name}: {json.dumps(results[name])}", flush=True)
    except contenders.Failed as failure:
        sys.exit(f"FAILED: {failure}")
    whole = {"about": about, "targets": targets(results), "rounds": results}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "failover.json").write_text(json.dumps(whole, indent=1) + "\n")
    text = markdown(whole)
    (given.out / "failover.md").write_text(text)
    print("\n" + text)


if __name__ == "__main__":
    main()
