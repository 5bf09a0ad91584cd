// Calendars from proto to engine. Threads: any; reads the time zones of the machine.
#pragma once

#include "firstline/v1/calendar.pb.h"
#include "services/router/api/fields.h"
#include "services/router/engine/config.h"

namespace firstline::api {

// With the offsets of its time zone from 2020 to 2050, so that the engine, and every replay, knows
// the hours without looking anything up.
engine::CalendarConfig ReadCalendar(const v1::Calendar& proto, const Path& path, Fields& fields);

}  // namespace firstline::api
