// Presence leases: how long an agent's session lives without a sign of life. Only in memory: beats
// are never committed, and after a take-over every session gets a full grace.
//
// Threads: one. Deterministic: iteration is by agent and session id.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/router/engine/engine.h"
#include "services/router/runtime/boot_time.h"
#include "services/router/runtime/call.h"

namespace firstline::runtime {

class SessionLeases {
 public:
  // Forgets everything and starts a full grace for every session in `engine`.
  void Begin(const engine::Engine& engine, BootTime now);
  // A session was opened or heard of by a command: it lives until now + grace. Ignored at the bound.
  void Open(const std::string& agent, const std::string& session, Span grace, BootTime now);
  // Somebody vouches for it. Unknown sessions are ignored: they are opened by a command.
  void Beat(const SessionRef& session, Span grace, BootTime now);
  void Close(const std::string& agent, const std::string& session);
  // Removes and returns up to `max` sessions whose grace has run out, in order of their expiry.
  std::vector<std::pair<std::string, std::string>> TakeLapsed(BootTime now, size_t max);
  // Every lease moves by `span`: nobody could be heard meanwhile.
  void Extend(Span span);
  // The earliest expiry; kNeverBoot without sessions.
  BootTime NextExpiry() const;
  size_t size() const { return expiry_of_.size(); }

 private:
  using Key = std::pair<std::string, std::string>;  // agent, session

  void Set(const Key& key, BootTime expiry);

  std::map<Key, BootTime> expiry_of_;
  std::set<std::pair<BootTime, Key>> by_expiry_;
};

}  // namespace firstline::runtime
