// The words of a scenario that make configuration and commands.
#pragma once

#include <optional>
#include <string>

#include "services/router/engine/command.h"
#include "services/router/engine/engine.h"
#include "tests/scenarios/scenario_line.h"

namespace firstline::engine::scenarios {

// Reads configuration lines (channel, team, queue, step, settings, agent) into `config`; false when
// the verb is none of them. A line about a known id replaces that entry; `step` adds one.
bool ReadConfigLine(ScenarioLine& line, ApplyConfig& config);

// The command a line stands for; nullopt when the verb makes none. Options that name what the
// engine already knows (the agent and number of an open offer) may be left out. Times count from
// `base`.
std::optional<Command> ReadCommand(ScenarioLine& line, const Engine& engine, Time base);

}  // namespace firstline::engine::scenarios
