#!/usr/bin/env python3
"""Three routers are replaced one after the other under load: nothing is lost, nobody is paged.

    tests/ops/live/rolling_update_test.py PROGRAMS         the folder `services` of a build

As a rolling update does it: SIGTERM, the router gives its workspaces back and ends, a new one comes
at its address, the next is replaced when that one is ready. Prometheus scrapes all the time. At the
end the load compares the history with the answers; ownership must have moved, and never by a lease
that ran out; and no alert may have fired. About a minute.
"""

import pathlib
import time

from stack import Stack, run

LOAD = ("load", "--rate", "50", "--pattern", "poisson", "--duration", "35s", "--handle", "200ms",
        "--agents", "60", "-o", "json")


def changes(stack, change):
    """Over all routers and their lives. What a router counts in its last second is never scraped,
    so that a release is seen by the acquisition that follows it."""
    return stack.value("sum(max_over_time(firstline_ownership_changes_total"
                       f'{{change="{change}"}}[2m]))') or 0


def replace(stack, index):
    """One router for a new one at the same address; returns the seconds it took to end."""
    old = stack.routers[index]
    begun = time.monotonic()
    old.process.terminate()
    assert old.process.wait(30) == 0, f"router {index} ended with {old.process.returncode}"
    took = time.monotonic() - begun
    stack.restart_router(index)
    metrics = stack.routers[index].metrics_port
    stack.await_true(f"router {index} ready", lambda: stack.value(
        f'firstline_store_ready{{instance="127.0.0.1:{metrics}"}}') == 1)
    return took


def main(programs):
    with Stack(programs) as stack:
        for _ in range(3):
            stack.start_router()
        stack.start_prometheus()
        servers = ",".join(f"127.0.0.1:{router.grpc_port}" for router in stack.routers)
        load = stack.start("load", stack.programs / "cli/firstline", "--server", servers, *LOAD)
        stack.await_true("scraped load", lambda: (stack.value(
            "sum(rate(firstline_inquiries_submitted_total[10s]))") or 0) > 20, 60)
        took = [replace(stack, index) for index in range(3)]
        assert load.poll() is None, "the load was over before the routers were replaced"
        code = load.wait(120)
        assert code == 0, f"code {code}: {(stack.folder / 'load.log').read_text()[-2000:]}"
        time.sleep(2)  # Two more scrapes.
        acquired = changes(stack, "acquired")
        lost = changes(stack, "lapsed") + changes(stack, "fenced")
        fired = {sample["metric"]["alertname"] for sample in stack.api(
            "query", query='max_over_time(ALERTS{alertstate="firing"}[2m])')["result"]}
        print(f"ended within {max(took):.1f} s each; acquired {acquired:.0f} times, "
              f"lost {lost:.0f}; alerts: {sorted(fired) or 'none'}")
        assert acquired >= 2 and lost == 0
        assert not fired, fired
    print("rolling_update_test: passed")


if __name__ == "__main__":
    run(main, __doc__, "redis-server", "prometheus")
