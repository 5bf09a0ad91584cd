"""Agents and teams: load, offers, misses, what customers thought. Agents are no labels."""

from figures import csat, mean, occupancy, work
from panels import (COUNT, GREEN, ORANGE, PER_MINUTE, RED, SECONDS, SHARE, WINDOW, T, W, column,
                    dashboard, lines, per_minute, query, ratio, row, table, thresholds, total)

ONLINE = 'presence!="offline"'
VENDORS = W("firstline_team_info")
MISSED = "declined|expired|agent_lost"
MISSES = thresholds(GREEN, (0.1, ORANGE), (0.2, RED))
SCORE = thresholds(RED, (3, ORANGE), (4, GREEN))


def missed(by, over="$__rate_interval"):
    """Offers that ended without an accept, rescinded ones left out: those are nobody's fault."""
    ended = total(work("firstline_offers_ended_total", f'outcome=~"{MISSED}|accepted"'), by, over)
    lost = total(work("firstline_offers_ended_total", f'outcome=~"{MISSED}"'), by, over)
    return ratio(lost, ended)


def by_vendor(expr):
    """A figure by workspace and team, summed by vendor; teams of our own have none."""
    return (f'sum by (workspace, vendor) ({expr} * on (workspace, team) group_left (vendor) '
            f'max by (workspace, team, vendor) ({VENDORS}))')


def vendor_ratio(part, whole):
    return ratio(by_vendor(part), by_vendor(whole))


def of_team(metric, more="", over=WINDOW):
    return total(work(metric, more), "workspace, team", over)


LOAD = row(
    "Load",
    lines("Occupancy by team", "Units in use of units there, over time.",
          [query(occupancy(by="team"), "{{team}}")], SHARE, ceiling=1),
    lines("Units in use and there",
          "Of agents who are not offline; offers and wrap-up count as use.",
          [query(f"sum({T('firstline_busy_units')})", "in use"),
           query(f"sum({T('firstline_capacity_units')})", "there")]),
    lines("Agents by presence", "Offline agents are left out.",
          [query(f"sum by (presence) ({T('firstline_agents', ONLINE)})",
                 "{{presence}}")], COUNT, stack=True))

OFFERS = row(
    "Offers",
    lines("How offers end", "By outcome, all teams.",
          [query(per_minute(work("firstline_offers_ended_total"), "outcome"), "{{outcome}}")],
          PER_MINUTE, stack=True),
    lines("Misses by team",
          "Offers declined, expired or lost with the agent, of those and the accepted.",
          [query(missed("team"), "{{team}}")], SHARE),
    lines("First-reply warnings and timeouts",
          "Assignments still without a reply, and those taken back.",
          [query(per_minute(work("firstline_first_reply_warnings_total"), "team"),
                 "{{team}} warned"),
           query(per_minute(work("firstline_first_reply_timeouts_total")), "taken back")],
          PER_MINUTE))

PACE = row(
    "Pace",
    lines("Assignments by team", "Inquiries given to an agent, reassignments included.",
          [query(per_minute(work("firstline_assignments_total"), "team"), "{{team}}")], PER_MINUTE),
    lines("Handle time by team", "Mean from assignment to the end, and mean wrap-up.",
          [query(mean("firstline_handle_seconds", by="team"), "{{team}}"),
           query(mean("firstline_wrap_up_seconds", by="team"), "{{team}} wrap-up")], SECONDS),
    lines("Reply time by team",
          "Mean from the oldest unanswered message of the customer to the reply.",
          [query(mean("firstline_reply_seconds", by="team"), "{{team}}")], SECONDS))

CUSTOMERS = row(
    "What customers thought",
    lines("Satisfaction by team",
          "Mean of the scores 1 to 5, of the team that had the inquiry last.",
          [query(csat("team"), "{{team}}")], COUNT, ceiling=5, decimals=2),
    lines("Resolved by team", "Of the customers who said whether their matter was settled.",
          [query(ratio(total(work("firstline_feedback_resolved_total", 'resolved="yes"'), "team"),
                       total(work("firstline_feedback_resolved_total"), "team")), "{{team}}")],
          SHARE, ceiling=1))

FRT = "firstline_first_response_seconds"
CARDS = row(
    "Score cards of the window chosen",
    table("Teams", "Figures of little volume say little: see the last column.",
          ["workspace", "team"],
          [column("From assignment", ratio(of_team(FRT + "_sum", 'clock="assign"'),
                                           of_team(FRT + "_count", 'clock="assign"')), SECONDS,
                  decimals=1),
           column("Reply", ratio(of_team("firstline_reply_seconds_sum"),
                                 of_team("firstline_reply_seconds_count")), SECONDS, decimals=1),
           column("Handle", ratio(of_team("firstline_handle_seconds_sum"),
                                  of_team("firstline_handle_seconds_count")), SECONDS, decimals=0),
           column("Missed offers", missed("workspace, team", WINDOW), SHARE, MISSES, 1),
           column("Satisfaction", csat("workspace, team", WINDOW), COUNT, SCORE, 2),
           column("Assignments", "round(sum by (workspace, team) (increase("
                  f"{work('firstline_assignments_total')}[{WINDOW}])))")]),
    table("Vendors", "The same for vendors, over all their teams; teams without a vendor stand "
          "under an empty name.", ["workspace", "vendor"],
          [column("From assignment", vendor_ratio(of_team(FRT + "_sum", 'clock="assign"'),
                                                  of_team(FRT + "_count", 'clock="assign"')),
                  SECONDS, decimals=1),
           column("Reply", vendor_ratio(of_team("firstline_reply_seconds_sum"),
                                        of_team("firstline_reply_seconds_count")), SECONDS,
                  decimals=1),
           column("Missed offers", vendor_ratio(
               of_team("firstline_offers_ended_total", f'outcome=~"{MISSED}"'),
               of_team("firstline_offers_ended_total", f'outcome=~"{MISSED}|accepted"')), SHARE,
                  MISSES, 1),
           column("Assignments", "round(" + by_vendor(
               "sum by (workspace, team) (increase("
               f"{work('firstline_assignments_total')}[{WINDOW}]))") + ")")]))

DASHBOARD = dashboard(
    "firstline-teams", "Firstline / Agents and teams",
    "Load, offers and misses, pace, satisfaction; teams and vendors side by side.",
    ["workspace", "queue", "channel", "team", "window"], [LOAD, OFFERS, PACE, CUSTOMERS, CARDS])
