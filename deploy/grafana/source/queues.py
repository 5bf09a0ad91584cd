"""Queue first response: how long customers wait for a person's first reply, and who is left out."""

from figures import (CREATE, abandonment, due, first_response_in_target, mean, service_level, work)
from panels import (GREEN, ORANGE, PER_MINUTE, RED, SECONDS, SHARE, WINDOW, C, Q, column, dashboard,
                    heatmap, lines, per_minute, quantile, query, ratio, row, stat, table,
                    thresholds, total)

FRT_TARGET = 'target="first_response"'
FRT = "firstline_first_response_seconds"
BUCKETS = FRT + "_bucket"
LEVEL = thresholds(RED, (0.9, ORANGE), (0.95, GREEN))

SUMMARY = row(
    "In the window chosen",
    stat("In target", "First replies of a person within the queue's target since creation; "
         "unanswered and closed unread count as missed.", first_response_in_target(over=WINDOW),
         SHARE, LEVEL, decimals=1),
    stat("Mean from creation", "From submission to the first reply of a person.",
         mean(FRT, CREATE, over=WINDOW), SECONDS, decimals=1),
    stat("Half within", "Median from creation.",
         f"histogram_quantile(0.5, {total(C(BUCKETS, CREATE), 'le', WINDOW)} > 0)", SECONDS,
         decimals=1),
    stat("Nine in ten within", "90th percentile from creation.",
         f"histogram_quantile(0.9, {total(C(BUCKETS, CREATE), 'le', WINDOW)} > 0)", SECONDS,
         decimals=1),
    stat("Never answered", "Of those whose first response was decided: ended without a "
         "reply of a person.",
         ratio(total(C("firstline_inquiries_unanswered_total"), over=WINDOW), due(C, over=WINDOW)),
         SHARE, thresholds(GREEN, (0.05, ORANGE), (0.1, RED)), decimals=1),
    stat("Closed unread", "Of those whose first response was decided: closed without a "
         "reply of a person.",
         ratio(total(C("firstline_inquiries_closed_without_reply_total"), over=WINDOW),
               due(C, over=WINDOW)), SHARE, thresholds(GREEN, (0.02, ORANGE), (0.05, RED)),
         decimals=1),
    height=5)

CLOCKS = row(
    "Three clocks",
    lines("Mean first response by clock", "From creation, from entering the human queue, from the "
          "assignment of the agent who replied. The gap between the last two is waiting.",
          [query(mean(FRT, by="clock"), "{{clock}}")], SECONDS),
    lines("Percentiles from creation", "Half, nine in ten and nineteen in twenty customers had "
          "their first reply within this.",
          [query(quantile(share, C(BUCKETS, CREATE)), name)
           for share, name in ((0.5, "p50"), (0.9, "p90"), (0.95, "p95"))], SECONDS),
    heatmap("How first responses spread", "First replies by the time they took since creation.",
            f"sum by (le) (increase({C(BUCKETS, CREATE)}[$__rate_interval]))"))

TARGETS = row(
    "Against target",
    lines("In target by queue", "With everything that was never answered in the denominator.",
          [query(first_response_in_target(by="queue"), "{{queue}}")], SHARE, ceiling=1,
          steps=thresholds(RED, (0.95, GREEN))),
    table("Queues against their targets", "Of the window chosen.", ["workspace", "queue"],
          [column("Target", f"max by (workspace, queue) ("
                  f"{Q('firstline_queue_target_seconds', FRT_TARGET)})", SECONDS),
           column("Mean", mean(FRT, CREATE, "workspace, queue", WINDOW), SECONDS, decimals=1),
           column("p90", "histogram_quantile(0.9, "
                  f"{total(C(BUCKETS, CREATE), 'workspace, queue, le', WINDOW)} > 0)", SECONDS,
                  decimals=1),
           column("In target", first_response_in_target(by="workspace, queue", over=WINDOW), SHARE,
                  LEVEL, 1),
           column("Decided", "round("
                  + due(C, "workspace, queue", WINDOW).replace("rate(", "increase(") + ")")],
          width=12))

WHERE = row(
    "By channel and team",
    lines("In target by channel", "First replies within target.",
          [query(first_response_in_target(by="channel"), "{{channel}}")], SHARE, ceiling=1),
    lines("Mean from creation by team", "Of the agents who gave the first reply.",
          [query(ratio(total(work(FRT + "_sum", CREATE), "team"),
                       total(work(FRT + "_count", CREATE), "team")), "{{team}}")], SECONDS),
    lines("Mean from assignment by team",
          "What a team itself can do about it: the wait is not in it.",
          [query(ratio(total(work(FRT + "_sum", 'clock="assign"'), "team"),
                       total(work(FRT + "_count", 'clock="assign"'), "team")), "{{team}}")],
          SECONDS))

LEFT_OUT = row(
    "Who is left out",
    lines("Without a first response", "Inquiries that ended unanswered, and those closed unread. "
          "They never enter the times above.",
          [query(per_minute(C("firstline_inquiries_unanswered_total")), "unanswered"),
           query(per_minute(C("firstline_inquiries_closed_without_reply_total")), "closed unread")],
          PER_MINUTE),
    lines("Refused submissions", "Submissions that a queue's limits refused, by reason; they are in none "
          "of the other figures.",
          [query(per_minute(C("firstline_submissions_refused_total"), "reason"), "{{reason}}")],
          PER_MINUTE, stack=True),
    lines("Abandonment by queue", "Customers who left before an answer, of those and the answered; "
          "short abandonments left out.", [query(abandonment(by="queue"), "{{queue}}")], SHARE),
    lines("How inquiries end", "By outcome.",
          [query(per_minute(C("firstline_inquiries_ended_total"), "outcome"), "{{outcome}}")],
          PER_MINUTE, stack=True))

WAITING = row(
    "Waiting and the way",
    lines("Service level and waiting", "Service level by queue: answered within the answer target, "
          "of answered and abandoned.",
          [query(service_level(by="queue"), "{{queue}}")], SHARE, ceiling=1),
    lines("Speed of answer by queue", "Mean wait of the answered.",
          [query(mean("firstline_answered_wait_seconds", by="queue"), "{{queue}}")], SECONDS),
    lines("Why inquiries wait", "Times an inquiry began to wait, by cause.",
          [query(per_minute(C("firstline_inquiries_enqueued_total"), "cause"), "{{cause}}")],
          PER_MINUTE, stack=True),
    lines("Steps and overflow", "Steps of routes that waiting inquiries reached, and those sent to "
          "another queue.",
          [query(per_minute(C("firstline_route_steps_reached_total"), "step"), "step {{step}}"),
           query(per_minute(C("firstline_inquiries_overflowed_out_total")), "overflowed")],
          PER_MINUTE))

EXPECTED = row(
    "Expected waits",
    lines("What one that comes now may expect", "Until an offer, where it has to wait: half wait at "
          "most p50, nine of ten at most p90.",
          [query(f"max by (queue, share) ({Q('firstline_expected_wait_seconds')})",
                 "{{queue}} {{share}}")], SECONDS),
    lines("How right it was", "Share of the waits foretold at submission that were within the "
          "quantile told: 0.5 and 0.9, where predictions are right. Those who gave up are not in.",
          [query(ratio(total(C("firstline_wait_predictions_within_total", f'share="{share}"')),
                       total(C("firstline_wait_predictions_total"))), f"p{name}")
           for share, name in (("0.5", 50), ("0.9", 90))], SHARE, ceiling=1))

BOTS = row(
    "Bots",
    lines("First reply of a bot", "Mean from submission. It never stops the clocks above.",
          [query(mean("firstline_bot_response_seconds", by="queue"), "{{queue}}")], SECONDS),
    height=5)

DASHBOARD = dashboard(
    "firstline-queues", "Firstline / Queue first response",
    "First response times on three clocks against target; abandonment and what was never answered.",
    ["workspace", "queue", "channel", "team", "window"],
    [SUMMARY, CLOCKS, TARGETS, WHERE, LEFT_OUT, WAITING, EXPECTED, BOTS])
