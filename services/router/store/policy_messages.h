// Steps by state, calendars and what a queue says about people who come back or act themselves:
// between the engine, the public API and records.
//
// Threads: pure functions.
#pragma once

#include "firstline/internal/v1/config_record.pb.h"
#include "firstline/v1/calendar.pb.h"
#include "firstline/v1/workspace.pb.h"
#include "services/router/engine/config.h"

namespace firstline::store {

void WriteMessage(const engine::StepWhen& when, v1::StepCondition* out);
// Numbers as they are: CheckConfig says what is out of range.
engine::StepWhen ReadMessage(const v1::StepCondition& when);

void WriteMessage(const engine::CalendarConfig& calendar, v1::Calendar* out);
void WriteRecord(const engine::CalendarConfig& calendar, internal::v1::CalendarRecord* out);
engine::CalendarConfig ReadRecord(const internal::v1::CalendarRecord& record);

// The fields from `ask_decliners_after` on.
void WritePeople(const engine::QueueConfig& queue, v1::Queue* out);
void WritePeople(const engine::QueueConfig& queue, internal::v1::QueueRecord* out);
// False when it says something unknown.
bool ReadPeople(const internal::v1::QueueRecord& record, engine::QueueConfig& queue);
// Whether any of them is used.
bool UsesPeople(const engine::QueueConfig& queue);

// Whether a configuration uses what a reader that does not know it must not ignore.
bool HasPolicies(const engine::WorkspaceConfig& config);

}  // namespace firstline::store
