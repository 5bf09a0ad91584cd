// Where in a YAML text a field stands.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace firstline::simulate {

// "12:5" (line and column, from 1) of the value at `path`, such as "queues[2].steps[0].after" or
// "simulation.queues[sales].service"; of the innermost part that is there if the whole is not.
// `yaml` must be readable.
std::string PositionOf(std::string_view yaml, std::string_view path);

}  // namespace firstline::simulate
