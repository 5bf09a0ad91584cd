// What the engine's state and answers look like to clients.
#pragma once

#include <cstddef>
#include <string>

#include "services/router/engine/engine.h"
#include "tests/simulation/linearizability.h"

namespace firstline::simulation {

Sight SightOf(const engine::Engine& engine, const engine::Inquiry& inquiry);
OpResult ResultOf(const engine::Outcome& outcome);
// "i7" -> 7; false for inquiries of others than People.
bool NumberOf(const std::string& inquiry, size_t& number);

}  // namespace firstline::simulation
