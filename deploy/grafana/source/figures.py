"""The figures of METRICS.md as expressions, each written once for all dashboards."""

from panels import RATE, C, T, ratio, total

CREATE = 'clock="create"'


def due(select, by="", over=RATE):
    """Inquiries whose first response was decided: given, never given, closed without one. `select`:
    C, or a function like it."""
    parts = [total(select("firstline_first_response_seconds_count", CREATE), by, over),
             total(select("firstline_inquiries_unanswered_total"), by, over),
             total(select("firstline_inquiries_closed_without_reply_total"), by, over)]
    return "(" + " + ".join(parts) + ")"


def first_response_in_target(select=C, by="", over=RATE):
    within = total(select("firstline_first_response_within_target_total", CREATE), by, over)
    return ratio(within, due(select, by, over))


def service_level(select=C, by="", over=RATE):
    answered = total(select("firstline_answered_wait_seconds_count"), by, over)
    abandoned = total(select("firstline_inquiries_ended_total", 'outcome="abandoned"'), by, over)
    within = total(select("firstline_answered_within_target_total"), by, over)
    return ratio(within, f"({answered} + {abandoned})")


def abandonment(by="", over=RATE):
    answered = total(C("firstline_answered_wait_seconds_count"), by, over)
    abandoned = total(C("firstline_inquiries_ended_total", 'outcome="abandoned"'), by, over)
    return ratio(abandoned, f"({answered} + {abandoned})")


def mean(metric, more="", by="", over=RATE, select=C):
    """Mean of a histogram or summary."""
    return ratio(total(select(f"{metric}_sum", more), by, over),
                 total(select(f"{metric}_count", more), by, over))


def occupancy(by="", over=RATE):
    return ratio(total(T("firstline_busy_unit_seconds_total"), by, over),
                 total(T("firstline_capacity_unit_seconds_total"), by, over))


def work(metric, more=""):
    """A metric of what agents did: queue, channel and team."""
    return C(metric, ('team=~"$team"' + (", " + more if more else "")))


def csat(by="", over=RATE):
    """Mean score: each count times its score, over all counts."""
    def counted(score):
        return total(work("firstline_csat_total", f'score="{score}"'), by, over)

    scored = " + ".join(f"{score} * {counted(score)}" for score in range(1, 6))
    return ratio(f"({scored})", total(work("firstline_csat_total"), by, over))
