"""Medians, ratios and targets of a run, and the table that shows them."""

import statistics

PING = "redis ping 1"
ECHO_SLACK_US = 50


def medians(results):
    """Name -> the median of each figure over the rounds."""
    table = {}
    for name, rounds in results.items():
        table[name] = {key: statistics.median(one[key] for one in rounds)
                       for key in ("per_second", "p50_us", "p99_us")}
        table[name]["rounds"] = len(rounds)
        rates = [one["per_second"] for one in rounds]
        table[name]["lowest_per_second"], table[name]["highest_per_second"] = min(rates), max(rates)
        table[name]["cpu_us"] = {process: statistics.median(one["cpu_us"][process]
                                                            for one in rounds)
                                 for process in rounds[0]["cpu_us"]}
    return table


def ratio(results, one, other):
    """Median over the rounds of `one` in relation to `other`, measured side by side; or None."""
    if one not in results or other not in results:
        return None
    return statistics.median(a["per_second"] / b["per_second"]
                             for a, b in zip(results[one], results[other]))


def cpu_ratio(results, one, other):
    """What `ratio` would be if CPU time alone decided: all processes' time a piece. It is hurt far
    less by other work on the machine."""
    return statistics.median(sum(b["cpu_us"].values()) / max(sum(a["cpu_us"].values()), 1e-9)
                             for a, b in zip(results[one], results[other]))


def _at_least(results, what, one, other, wanted):
    value = ratio(results, one, other)
    if value is None:
        return []
    return [{"target": what, "wanted": f">= {wanted:g}", "measured": f"{value:.2f}",
             "by_cpu": f"{cpu_ratio(results, one, other):.2f}", "met": value >= wanted,
             "of": [one, other]}]


def _one_outstanding(results):
    one, echo = "firstline submit unary 1", "echo callback unary 1"
    if not all(name in results for name in (one, echo, PING)):
        return []
    wait = statistics.median(a["p50_us"] for a in results[one])
    bound = statistics.median(b["p50_us"] + c["p50_us"] + ECHO_SLACK_US
                              for b, c in zip(results[echo], results[PING]))
    return [{"target": f"p50 at one outstanding: echo's + a Redis round trip + {ECHO_SLACK_US} us",
             "wanted": f"<= {bound:.0f} us", "measured": f"{wait:.0f} us", "by_cpu": "",
             "met": wait <= bound,
             "of": [one, echo, PING]}]


def targets(results):
    """What the design wants to be true, and whether it is. Targets without figures are left out."""
    found = []
    for n in (16, 64, 256):
        found += _at_least(results, f"durable unary submits, {n} outstanding, to callback echo",
                           f"firstline submit unary {n}", f"echo callback unary {n}", 0.65)
    for n in (64, 256, 1024):
        for via in ("store", "pipeline"):
            found += _at_least(results, f"stream of submits, {n} outstanding, to group commits "
                               f"({via}, 64 a batch)", f"firstline submit stream {n}",
                               f"redis commit {via} 64", 0.6)
    found += _one_outstanding(results)
    for agents in (1000, 10_000):
        for how in ("scan", "inter"):
            for n in (64, 256):
                found += _at_least(
                    results, f"assign and release, {agents:,} agents, {n} outstanding, to Lua ({how})",
                    f"firstline assign stream {n}, {agents} agents", f"lua {how} {agents} agents", 10)
    for via in ("unary", "stream"):
        found += _at_least(results, f"whole lives by {via}, 256 outstanding, to BullMQ jobs",
                           f"firstline life {via} 256", "bullmq", 3)
    return found


# ---- Markdown ------------------------------------------------------------------------------------


def _cpu(cpu_us):
    order = ("server", "client", "redis")
    return " | ".join(f"{cpu_us[name]:.1f}" if name in cpu_us else "" for name in order)


def _contender_row(name, figures):
    return (f"| {name} | {figures['per_second']:,.0f} | {figures['lowest_per_second']:,.0f} to "
            f"{figures['highest_per_second']:,.0f} | {figures['p50_us']:,.0f} | "
            f"{figures['p99_us']:,.0f} | {_cpu(figures['cpu_us'])} |")


def markdown(whole):
    about = whole["about"]
    lines = [
        f"# Contenders, {about['date']}", "",
        f"{about['machine']}; {about['redis']}, appendonly yes, appendfsync everysec; commit "
        f"{about['commit']}; {about['rounds']} rounds of {about['window_ms']} ms by turns, medians; "
        f"load average {about['load_average_before']:.1f} before, "
        f"{about['load_average_after']:.1f} after."]
    if about["quick"]:
        lines += ["", "**A quick run: it shows that everything works, not how fast it is.**"]
    if about["load_average_before"] > 1:
        lines += ["", "**Other work was on the machine: of these figures only CPU time means much.**"]
    lines += ["", "| target | wanted | measured | by CPU time | |", "|---|---|---|---|---|"]
    lines += [f"| {t['target']} | {t['wanted']} | {t['measured']} | {t['by_cpu']} | "
              f"{'met' if t['met'] else '**not met**'} |" for t in whole["targets"]]
    lines += ["", "A number behind a name is how many pieces of work are outstanding: calls, "
              "commands, jobs, whole lives of inquiries. CPU is microseconds a piece; the server "
              "is the router or the echo server.", "",
              "| contender | a second | lowest to highest | p50 us | p99 us | CPU server | client "
              "| Redis |", "|---|---|---|---|---|---|---|---|"]
    lines += [_contender_row(name, figures) for name, figures in whole["medians"].items()]
    lines += [f"| {name} | left out: {why} | | | | | | |"
              for name, why in whole["left_out"].items()]
    return "\n".join(lines) + "\n"
