// Callers as messages: of events, and of calls between pods.
//
// Threads: pure functions.
#pragma once

#include "firstline/v1/caller.pb.h"
#include "services/router/engine/caller.h"

namespace firstline::store {

// Fills `out`, which is empty.
void WriteCaller(const engine::Caller& caller, v1::Caller* out);
// Null for a message that says nothing; a role that is not known here reads as kUnknown.
engine::CallerRef ReadCaller(const v1::Caller& message);

}  // namespace firstline::store
