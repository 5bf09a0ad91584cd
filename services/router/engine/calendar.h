// Hours in which something is open, as data: weekly periods and holidays in local time, and the
// offsets of the time zone from UTC, which whoever makes the configuration has looked up. So the
// same configuration gives the same hours on every machine.
#pragma once

#include "services/router/engine/config.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

// Before the first and after the last of its offsets those two go on.
bool IsOpen(const CalendarConfig& calendar, Time at);
// The first time after `at` at which it may open or close; at most a day and a bit later. Never, if
// it has no hours.
Time NextChange(const CalendarConfig& calendar, Time at);

}  // namespace firstline::engine
