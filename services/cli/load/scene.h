// What a load needs at the router before it begins, and the reading of what it left: a workspace,
// its agents at work, the history.
//
// Everything throws cli::Failure when the router refuses.
//
// Thread rule: one thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/client/agent_session.h"
#include "common/client/client.h"
#include "services/cli/load/ledger.h"
#include "services/cli/load/options.h"

namespace firstline::load {

// The workspace the options ask for, agents included.
v1::Workspace WorkspaceFor(const LoadOptions& options);

// Makes it, its agents in portions. Fails if one of that name exists, unless `replace`.
void Create(client::Client& client, const v1::Workspace& workspace, bool replace);

// Agents on the sessions that speak for them; `listener` hears of their work and must outlive it.
class Crew {
 public:
  // Returns when all agents are available.
  Crew(const client::Client& client, const v1::Workspace& workspace, int sessions,
       client::AgentListener& listener);
  ~Crew();

 private:
  class Ear;
  std::vector<std::unique_ptr<Ear>> ears_;
  std::vector<std::unique_ptr<client::AgentSession>> sessions_;
};

// Reads the workspace's history from its begin to now into `ledger` and judges.
Verdict Judge(client::Client& client, const std::string& workspace, Ledger& ledger);

}  // namespace firstline::load
