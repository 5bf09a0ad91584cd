// The engine's events and state as text, with names instead of handles: what the proofs compare,
// print and keep as expected lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/router/engine/engine.h"

namespace firstline::engine::proof {

const char* Text(InquiryState state);
const char* Text(Presence presence);
const char* Text(Gate gate);
const char* Text(EnqueueCause cause);
const char* Text(OfferOutcome outcome);
const char* Text(ClassifierOutcome outcome);
const char* Text(AssignCause cause);
const char* Text(Override aside);
const char* Text(LostAgent policy);
const char* Text(Author author);
const char* Text(CancelReason reason);
const char* Text(Resolution resolution);
const char* Text(Comparison comparison);
const char* Text(Criterion criterion);
const char* Text(Serving serving);
const char* Text(Mismatch mismatch);

// Seconds without trailing zeros, "1.25s"; "-" for the value -1 us, which events use for "never".
std::string Text(Span span);
// As a span since `base`; "-" when not set and "never" for kNever.
std::string Text(Time time, Time base);

// One event: "offer i1 a2 queue=q n=1 expire=20s units=1", without its time. Must be called before
// the next Apply or Tick. Times inside are told since `base`.
std::string Text(const Engine& engine, const Event& event, Time base);
// All present events, each with its time in front: "10s offer i1 ...".
std::vector<std::string> EventLines(const Engine& engine, Time base);

// What a store keeps of each, as a line: nothing that is derived from other records.
std::string InquiryRecord(const Engine& engine, InquiryIx ix);
std::string AgentRecord(const Engine& engine, AgentIx ix);
std::string RequestRecord(const RememberedRequest& request);
std::string WaitsRecord(const Engine& engine, QueueIx ix);  // of a queue that decides by them

// One line an inquiry, an agent, a remembered request, then the counters: every field that is part
// of the public state, sorted by id. Equal dumps mean equal state, whatever the handles are.
// `counters.now` is left out: a rejected command may move it.
std::string Dump(const Engine& engine);
// The first line in which two dumps differ, both versions; "" when equal.
std::string FirstDifference(const std::string& left, const std::string& right);

}  // namespace firstline::engine::proof
