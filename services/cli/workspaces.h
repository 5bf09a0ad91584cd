// Steps with whole workspaces that several commands take.
//
// Threads: as the client. Errors are thrown as Failure.
#pragma once

#include <functional>
#include <string>

#include "common/client/client.h"
#include "firstline/v1/workspace.pb.h"

namespace firstline::cli {

// How many agents are sent at a time: an answer, and news for who waits, every so often.
inline constexpr int kAgentsPerStep = 2000;

// With everything in it. One that does not exist is no error.
void DeleteWorkspace(client::Client& client, const std::string& workspace);
// A new one, agents included, as many as one call takes; the cursor after it. If it exists, the
// failure's hint is `hint`.
std::string CreateWorkspace(client::Client& client, const v1::Workspace& workspace,
                            const std::string& hint);
// The workspace's agents in steps; `told` hears after each how many are done.
void UpsertAgents(client::Client& client, const v1::Workspace& workspace,
                  const std::function<void(int done)>& told);

}  // namespace firstline::cli
