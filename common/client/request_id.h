// Ids that make mutations safe to repeat.
//
// Thread rule: any thread.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "firstline/v1/routing_service.pb.h"

namespace firstline::client {

// 128 random bits in hexadecimal: unique over processes and restarts.
std::string NewRequestId();

// Gives `request` a request id if it has that field, it is empty, and no natural id in the request
// makes it safe to repeat already. Submissions, messages and feedback have one, and are left alone:
// a remembered outcome costs the router memory.
void AttachRequestId(google::protobuf::Message& request);

// The same for whatever `command` holds.
void AttachRequestId(v1::Command& command);

// The `workspace` of `request`, or of the one that `command` holds; empty if there is none.
std::string WorkspaceOf(const google::protobuf::Message& request);
std::string WorkspaceOf(const v1::Command& command);

}  // namespace firstline::client
