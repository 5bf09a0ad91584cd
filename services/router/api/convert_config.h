// Configuration from proto to engine. Defaults of fields that are not set are the engine's. The
// other way it is written by store/public_messages.h. Threads: pure functions.
#pragma once

#include <vector>

#include "firstline/v1/agent.pb.h"
#include "firstline/v1/workspace.pb.h"
#include "services/router/api/fields.h"
#include "services/router/engine/config.h"

namespace firstline::api {

engine::WorkspaceConfig ReadWorkspace(const v1::Workspace& proto, const Path& path,
                                      Fields& fields);

std::vector<engine::AgentConfig> ReadAgents(
    const google::protobuf::RepeatedPtrField<v1::Agent>& agents, const Path& path, Fields& fields);

}  // namespace firstline::api
