// Figures of a moment as tables: what `queue stats`, `queue watch`, `agent watch` and `top` show.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>

#include "services/cli/figures.h"
#include "services/cli/output.h"

namespace firstline::cli {

// A presence, coloured by what it means for who waits.
Cell PresenceCell(v1::Presence presence);

// Every figure of every queue, by name.
Table QueueTable(const v1::GetQueueStatsResponse& stats);

// What is going on in at most `rows_max` queues, those with most waiting first.
Table BusyQueues(const Figures& figures, std::size_t rows_max);
// At most `rows_max` agents with their load and what they did, the busiest first, those that are
// offline last.
Table BusyAgents(const Figures& figures, std::size_t rows_max);

// Every agent by id with what it holds: "offer chat-1 (14s left)".
Table AgentWorkTable(const Figures& figures);

// "demo at 2026-01-02T03:04:05Z: 12 waiting, the oldest 1m30s; 20 of 45 agents available"
std::string Headline(const std::string& workspace, const Figures& figures);

// The snapshot as one line of JSON: time, queues, agents, as far as they were read.
std::string SnapshotJson(const Figures& figures);

}  // namespace firstline::cli
