"""Engine and Redis: is the service itself well?"""

from panels import (CALLS, COUNT, GREEN, ORANGE, PER_MINUTE, PER_SECOND, RATE, RED, SECONDS,
                    SHARE, R, W, column, dashboard, heatmap, lines, per_minute, quantile, query,
                    ratio, row, stat, table, thresholds, total)

GOOD_AT_ZERO = thresholds(GREEN, (1, RED))
HANDLED = "grpc_server_handled_total"
# Health checks and reflection are left out.
OURS = 'grpc_service=~"firstline.*"'
FAULTS = OURS + ', grpc_code=~"Internal|Unknown|DataLoss"'


def grown(selector):
    return f"sum(increase({selector}[$__rate_interval]))"


STATE = row(
    "State",
    stat("Routers", "Routers that are scraped.", f"sum({R('up')})",
         steps=thresholds(RED, (1, GREEN))),
    stat("Redis answers", "Routers to which Redis answers, of those that are scraped.",
         f"avg({R('firstline_store_ready')})", SHARE, thresholds(RED, (1, GREEN)), decimals=0),
    stat("Workspaces owned", "Workspaces with an owner.",
         f"sum({W('firstline_workspace_owned')})"),
    stat("Capacity violations", "Agents who were given more than they can carry. Must stay 0.",
         grown(W("firstline_capacity_violations_total")), steps=GOOD_AT_ZERO, decimals=0),
    stat("Unreadable", "Records put aside, and states not opened.",
         f"{grown(W('firstline_records_quarantined_total'))} + "
         f"{grown(W('firstline_states_refused_total'))}", steps=GOOD_AT_ZERO, decimals=0),
    stat("Turned away", "Calls a second refused for overload.",
         total(W("firstline_calls_shed_total")), PER_SECOND, thresholds(GREEN, (0.001, ORANGE)),
         decimals=1),
    height=5)

CALLS_ROW = row(
    "Calls: rate, errors, duration",
    lines("Calls by method", "Finished calls a second.",
          [query(f"{total(R(HANDLED, OURS), 'grpc_method')} > 0", "{{grpc_method}}")], CALLS),
    lines("Calls by code, without OK", "Unavailable: try again; Internal, Unknown and DataLoss are "
          "faults.",
          [query(total(R(HANDLED, OURS + ', grpc_code!="OK"'), "grpc_code"), "{{grpc_code}}")],
          CALLS),
    lines("Faults", "Share of calls that ended with Internal, Unknown or DataLoss.",
          [query(ratio(total(R(HANDLED, FAULTS)), total(R(HANDLED, OURS))), "faults")], SHARE),
    lines("Slowest hundredth by method", "p99 of unary calls, arrival to answer.",
          [query(quantile(0.99, R("grpc_server_handling_seconds_bucket", OURS), "grpc_method"),
                 "{{grpc_method}}")], SECONDS))

COMMITS = row(
    "Commits: every answer waits for one",
    lines("Commit latency", "From first sending a batch to its confirmation by Redis.",
          [query(quantile(share, R("firstline_commit_seconds_bucket")), name)
           for share, name in ((0.5, "p50"), (0.99, "p99"))], SECONDS),
    heatmap("How commits spread", "Commits by the time they took.",
            f"sum by (le) (increase({R('firstline_commit_seconds_bucket')}[{RATE}]))"),
    lines("Commits by result", "Refused batches are retried, those in doubt sent again.",
          [query(total(W("firstline_commits_total"), "result"), "{{result}}")], PER_SECOND),
    lines("Batch", "Means: calls and events a batch.",
          [query(ratio(total(R("firstline_commit_commands_sum")),
                       total(R("firstline_commit_commands_count"))), "calls"),
           query(ratio(total(R("firstline_commit_events_sum")),
                       total(R("firstline_commit_events_count"))), "events")]),
    lines("Written to Redis", "Bytes a second in batches.",
          [query(total(R("firstline_commit_bytes_sum"), "instance"), "{{instance}}")], "Bps"))

OWNERSHIP = row(
    "Ownership",
    lines("Owned by pod", "Workspaces a pod owns.",
          [query(f"sum by (instance) ({W('firstline_workspace_owned')})", "{{instance}}")]),
    lines("Ownership changes", "Released is a deploy; lapsed and fenced are trouble.",
          [query(per_minute(W("firstline_ownership_changes_total"), "change"), "{{change}}")],
          PER_MINUTE),
    lines("Restores", "The store was behind its owner, which mended it.",
          [query(per_minute(W("firstline_restores_total"), "how"), "{{how}}")], PER_MINUTE),
    table("Routers", "Build, workspaces, restarts since the window began.", ["instance", "version"],
          [column("Build", f"max by (instance, version) ({R('firstline_build_info')})"),
           column("Owned", f"sum by (instance) ({W('firstline_workspace_owned')})"),
           column("Restarts", f"sum by (instance) (resets({R('exposer_scrapes_total')}[1h]))")]))

FORWARDING = row(
    "Forwarding: any pod takes any call",
    lines("Forwarded by outcome", "Calls a second of workspaces that other pods own; given up: no "
          "owner was found before the deadline.",
          [query(total(R("firstline_forwarded_calls_total"), "outcome"), "{{outcome}}")], CALLS),
    lines("Tried again", "Attempts repeated because ownership moved.",
          [query(per_minute(R("firstline_forward_retries_total"), "cause"), "{{cause}}")],
          PER_MINUTE),
    lines("How long callers notice a move", "Of calls that were turned away, from the first time "
          "to their end.",
          [query(quantile(share, R("firstline_forward_wait_seconds_bucket")), name)
           for share, name in ((0.5, "p50"), (0.99, "p99"))], SECONDS),
    lines("Streams between pods", "Streams a pod has open to others: fewer than there are others "
          "is fine while it has nothing to forward.",
          [query(R("firstline_peer_streams"), "{{instance}}")]))

LOAD = row(
    "Load of the deciding thread",
    lines("Inbox", "Calls on their way to the thread that decides.",
          [query(R("firstline_inbox_depth"), "{{instance}}")]),
    lines("Open calls", "Calls taken and not answered. Autoscaling looks at this.",
          [query(R("firstline_open_calls"), "{{instance}}")]),
    lines("Scrapes", "Bytes of /metrics a second.",
          [query(total(R("exposer_transferred_bytes_total"), "instance"), "{{instance}}")], "Bps"),
    lines("Complete scrapes", "0: the pod was too busy to hand out the figures of its workspaces.",
          [query(R("firstline_snapshot_complete"), "{{instance}}")], COUNT, ceiling=1))

CLASSIFIERS = row(
    "Classifiers that workspaces have asked",
    lines("What came of it", "Times a classifier was asked, by what came of it.",
          [query(total(R("firstline_classifier_answers_total"), "classifier, outcome"),
                 "{{classifier}} {{outcome}}")], CALLS, stack=True),
    lines("Time to answer", "From asking to the answer, error or deadline.",
          [query(quantile(share, R("firstline_classifier_answer_seconds_bucket")), name)
           for share, name in ((0.5, "p50"), (0.99, "p99"))], SECONDS),
    lines("Inquiries by what came of it", "verdict: the classifier decided; all else: the rules did.",
          [query(per_minute(W("firstline_inquiries_classified_total"), "outcome"), "{{outcome}}")],
          PER_MINUTE, stack=True),
    lines("Waiting and left alone", "Submissions that wait for an answer, and workspaces that leave a "
          "classifier alone because it failed.",
          [query(f"sum by (classifier) ({R('firstline_classifier_asking')})", "{{classifier}} asked"),
           query(f"sum by (classifier) ({R('firstline_classifier_breakers_open')})",
                 "{{classifier}} left alone")]))

DASHBOARD = dashboard(
    "firstline-engine", "Firstline / Engine and Redis",
    "Calls, commits, ownership: is the service itself well?",
    ["workspace"], [STATE, CALLS_ROW, COMMITS, OWNERSHIP, FORWARDING, LOAD, CLASSIFIERS])
