"""Operations wall: how things stand now, readable from across the room."""

from figures import first_response_in_target, occupancy, service_level
from panels import (COUNT, GREEN, ORANGE, PER_MINUTE, RED, SECONDS, SHARE, WINDOW, C, Q, T, column,
                    dashboard, lines, per_minute, query, row, stat, table, thresholds)

AVAILABLE = 'presence="available"'
ONLINE = 'presence!="offline"'
LEVEL = thresholds(RED, (0.8, ORANGE), (0.9, GREEN))
AGE = thresholds(GREEN, (60, ORANGE), (180, RED))

# Ages and counts of now exist on the owner alone: max and sum over pods count nothing twice.
NOW = row(
    "Now",
    stat("Waiting", "Inquiries that wait for an agent.",
         f"sum({Q('firstline_inquiries_waiting')})",
         steps=thresholds(GREEN, (10, ORANGE), (30, RED))),
    stat("Oldest waits since", "Age of the oldest inquiry that waits, since submission.",
         f"max({Q('firstline_oldest_waiting_seconds')})", SECONDS, AGE, decimals=0),
    stat("Service level", "Answered within the queue's target, of answered and abandoned.",
         service_level(over=WINDOW), SHARE, LEVEL, decimals=1),
    stat("First response in target", "First replies of a person within the queue's target since "
         "creation; unanswered and closed unread count as missed.",
         first_response_in_target(over=WINDOW), SHARE, LEVEL, decimals=1),
    stat("Agents available", "Agents who take work; some of them may be full.",
         f"sum({T('firstline_agents', AVAILABLE)})"),
    stat("Occupancy", "Units in use of units there, of agents who are not offline.",
         f"sum({T('firstline_busy_units')}) / (sum({T('firstline_capacity_units')}) > 0)", SHARE,
         thresholds(GREEN, (0.85, ORANGE), (0.95, RED)), decimals=0),
    height=5)

QUEUES = row(
    "Queues",
    table("Every queue now",
          "Waiting to available are of now; the shares are of the window chosen.",
          ["workspace", "queue"],
          [column("Waiting", f"sum by (workspace, queue) ({Q('firstline_inquiries_waiting')})",
                  steps=thresholds("transparent", (5, ORANGE), (15, RED))),
           column("Oldest", f"max by (workspace, queue) ({Q('firstline_oldest_waiting_seconds')})",
                  SECONDS, thresholds("transparent", (60, ORANGE), (180, RED)), 0),
           column("Worked on", f"sum by (workspace, queue) ({Q('firstline_inquiries_assigned')})"),
           column("Available", f"sum by (workspace, queue) ({Q('firstline_agents_available')})",
                  steps=thresholds(RED, (1, "transparent"))),
           column("Service level", service_level(by="workspace, queue", over=WINDOW), SHARE,
                  LEVEL, 1),
           column("First response", first_response_in_target(by="workspace, queue", over=WINDOW),
                  SHARE, LEVEL, 1)]),
    height=9)

COURSES = row(
    "How it came to this",
    lines("Waiting by queue", "Inquiries that wait.",
          [query(f"sum by (queue) ({Q('firstline_inquiries_waiting')})", "{{queue}}")]),
    lines("Oldest by queue", "Age of the oldest that waits.",
          [query(f"max by (queue) ({Q('firstline_oldest_waiting_seconds')})", "{{queue}}")],
          SECONDS))

PEOPLE = row(
    "Customers and agents",
    lines("Customers a minute",
          "New inquiries, those that an agent took, those whose customer left before.",
          [query(per_minute(C("firstline_inquiries_submitted_total")), "submitted"),
           query(per_minute(C("firstline_answered_wait_seconds_count")), "answered"),
           query(per_minute(C("firstline_inquiries_ended_total", 'outcome="abandoned"')),
                 "abandoned")], PER_MINUTE),
    lines("Agents by presence", "Offline agents are left out.",
          [query(f"sum by (presence) ({T('firstline_agents', ONLINE)})",
                 "{{presence}}")], COUNT, stack=True),
    lines("Occupancy by team", "Units in use of units there, over time.",
          [query(occupancy(by="team"), "{{team}}")], SHARE, ceiling=1))

DASHBOARD = dashboard(
    "firstline-wall", "Firstline / Operations wall",
    "Waiting, oldest, service level now, agents. For a screen that everybody sees.",
    ["workspace", "queue", "channel", "team", "window"], [NOW, QUEUES, COURSES, PEOPLE],
    refresh="10s")
