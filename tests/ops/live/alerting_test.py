#!/usr/bin/env python3
"""A real Prometheus and Alertmanager scrape a router under load, and an alert reaches a webhook.

    tests/ops/live/alerting_test.py PROGRAMS           the folder `services` of a build

Redis is stopped in the middle of the load and goes on later: FirstlineRedisDown has to reach the
receiver of pages, and end in Prometheus when Redis goes on. Takes about a minute and a half, half
of it the alert's own patience.
"""

import pathlib
import signal
import subprocess

from stack import ROOT, Stack, Webhook, run


def check_routes():
    """Alertmanager takes its configuration, and each severity goes to its receiver."""
    config = ROOT / "deploy/alertmanager/alertmanager.yml"
    subprocess.run(["amtool", "check-config", config], check=True, stdout=subprocess.DEVNULL)
    for severity, receiver in (("page", "pages"), ("ticket", "tickets")):
        told = subprocess.run(["amtool", "config", "routes", "test", f"--config.file={config}",
                               f"severity={severity}"], check=True, text=True,
                              capture_output=True).stdout.strip()
        assert told == receiver, f"{severity} goes to {told}"


def main(programs):
    check_routes()
    with Stack(programs) as stack:
        router = stack.start_router()
        webhook = Webhook()
        stack.start_alertmanager(webhook.port)
        stack.start_prometheus()
        load = stack.start("load", programs.resolve() / "cli/firstline", "--server",
                           f"127.0.0.1:{router.grpc_port}", "load", "--rate", "50", "--pattern",
                           "poisson", "--duration", "20s", "--handle", "300ms", "--agents", "40",
                           "-o", "json")
        stack.await_true("scraped load", lambda: (stack.value(
            'sum(rate(firstline_inquiries_submitted_total[10s]))') or 0) > 30, 60)
        rules = [rule for group in stack.api("rules")["groups"] for rule in group["rules"]]
        broken = [rule["name"] for rule in rules if rule["health"] == "err"]
        assert not broken, f"rules fail on real data: {broken}"
        assert load.wait(120) == 0, (stack.folder / "load.log").read_text()
        print("scraped:", int(stack.value("sum(firstline_inquiries_submitted_total)")),
              "inquiries,", len(rules), "rules evaluated")
        assert not [path for path, name, _ in webhook.alerts if name == "FirstlineRedisDown"]

        stack.redis.send_signal(signal.SIGSTOP)
        stack.await_true("FirstlineRedisDown at the webhook",
                         lambda: ("/pages", "FirstlineRedisDown", "firing") in webhook.alerts, 120)
        alert = next(alert for body in webhook.bodies for alert in body["alerts"]
                     if alert["labels"]["alertname"] == "FirstlineRedisDown")
        print("page:", alert["annotations"]["summary"])
        for text in alert["annotations"].values():
            assert "<error" not in text and "<no value>" not in text, text
        stack.redis.send_signal(signal.SIGCONT)
        stack.await_true("the router back", lambda: stack.value("firstline_store_ready") == 1, 60)
        stack.await_true("the alert's end in Prometheus", lambda: stack.value(
            'ALERTS{alertname="FirstlineRedisDown"}') is None, 60)
    print("alerting_test: passed")


if __name__ == "__main__":
    run(main, __doc__, "redis-server", "prometheus", "prometheus-alertmanager", "amtool")
