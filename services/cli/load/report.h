// A load's report for people and programs.
//
// Thread rule: pure functions.
#pragma once

#include <ostream>
#include <string>

#include "services/cli/load/load.h"
#include "services/cli/output.h"

namespace firstline::load {

// A table of operations, then what was refused, what became of the inquiries and the verdict; with
// kJson one object: times in milliseconds, rates a second, windows of a quarter of a second.
void Print(const Report& report, cli::Format format, std::ostream& out);

// One line about a load under way: "12.3s of 32s: 24600 submitted, 0 shed, 24570 closed, 30 open".
std::string Line(const Progress& progress, std::chrono::nanoseconds length);

}  // namespace firstline::load
