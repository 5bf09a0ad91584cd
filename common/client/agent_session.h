// Agents at work: one stream for one agent or for thousands, kept alive and resumed.
//
//   struct Desk : client::AgentListener {
//     void OnWork(const WorkChange& change) override {
//       if (change.kind == WorkChange::Kind::kOffered) todo.push(change);  // then AcceptOffer
//     }
//   };
//   Desk desk;
//   AgentSession session(client, {.workspace = "acme", .session_id = "backend-3"}, desk);
//   session.SetPresence("ann", v1::PRESENCE_AVAILABLE);
//
// While it lives, it vouches for its agents. A broken stream is opened again with the same session
// id, within the workspace's presence grace nobody notices; what changed in between is told by
// OnWork as if it had just happened. An agent that was logged off meanwhile because the break
// lasted too long gets its presence back.
//
// Close() says goodbye: the session ends and agents that no other session vouches for go offline.
// Destroying it without Close() leaves them to the grace, in which a new process with the same
// session id may take over: that is what a deploy wants.
//
// Threads: one that reads and calls the listener, one that writes. Everything public may be called
// from any thread, from inside the listener too (except Close() and the destructor).
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "common/client/agent_work.h"
#include "common/client/client.h"
#include "common/sync/owned_thread.h"

namespace firstline::client {

// Called on the session's reading thread, one call at a time, in order. A call that takes long
// delays all others and, beyond the lease, loses nothing but time: heartbeats go on.
class AgentListener {
 public:
  virtual ~AgentListener() = default;
  // Something was offered, assigned, parked, put into wrap-up or taken away.
  virtual void OnWork(const WorkChange&) {}
  // The agent's presence as it is now.
  virtual void OnPresence(const std::string& /*agent_id*/, v1::Presence,
                          const std::string& /*reason*/) {}
  // The agent could not be added or set. Repeated by itself if the error will pass.
  virtual void OnFailure(const std::string& /*agent_id*/, const Error&) {}
  // The stream stands.
  virtual void OnConnected() {}
  // The stream broke and will be opened again (`final` false), or the session is over because of an
  // error that will not pass. Not called for Close().
  virtual void OnDisconnected(const Error&, bool /*final*/) {}
};

class AgentSession {
 public:
  struct Options {
    std::string workspace;
    // Kept over restarts of this process, shared with no other; empty: by chance.
    std::string session_id = {};
    // Offers and assignments come with the inquiry itself.
    bool include_inquiries = true;
  };

  // `listener` must outlive the session.
  AgentSession(const Client& client, Options options, AgentListener& listener);
  ~AgentSession();
  AgentSession(const AgentSession&) = delete;
  AgentSession& operator=(const AgentSession&) = delete;

  // Adds the agent, or changes its presence; takes effect when OnPresence says so. The last wish
  // counts and survives reconnections.
  void SetPresence(const std::string& agent_id, v1::Presence presence,
                   const std::string& reason = {});
  // No longer vouches for the agent and hears nothing more of it.
  void Remove(const std::string& agent_id);
  // Says goodbye and ends; the listener is not called any more when it returns. Without a
  // connection nobody hears the goodbye, and the agents are left to the grace. Idempotent.
  void Close();

  const std::string& session_id() const { return options_.session_id; }

 private:
  class Stream;
  // What was last asked for an agent, and whether the router has confirmed it.
  struct Wish {
    v1::Presence presence = v1::PRESENCE_UNSPECIFIED;
    std::string reason = {};
    bool confirmed = false;
    bool failed = false;  // to be repeated with the next heartbeat
    bool lapsed = false;  // this session was taken for dead
  };

  void Run();
  // One stream from open to end; why it ended.
  Error Serve(Stream& stream);
  void Write(Stream& stream);
  // The next message to send, waiting for one until a heartbeat is due. Null: stop writing.
  std::unique_ptr<v1::WatchAgentsRequest> NextMessage(Stream& stream);
  void Greet() FIRSTLINE_REQUIRES(mutex_);
  void Ask(const std::string& agent_id, const Wish& wish) FIRSTLINE_REQUIRES(mutex_);
  // The last message that is not sent yet, if agents may still be added to it, or a new one.
  v1::WatchAgentsRequest::Add& AddWithRoom() FIRSTLINE_REQUIRES(mutex_);
  void AskAgainForFailed() FIRSTLINE_REQUIRES(mutex_);

  void Take(const v1::WatchAgentsResponse& response);
  void TakeStatus(const v1::AgentStatus& status);
  void TakeUpdates(const v1::WatchAgentsResponse::Updates& updates);
  void TakePresence(const v1::Event& event);
  void TakeFailure(const v1::WatchAgentsResponse::Failure& failure);
  void End(bool goodbye);

  const std::shared_ptr<Link> link_;
  const Options options_;
  AgentListener& listener_;
  Stop stop_;
  AgentWorkBook book_;  // the reading thread's

  sync::Mutex mutex_;
  sync::CondVar changed_;
  std::map<std::string, Wish> wishes_ FIRSTLINE_GUARDED_BY(mutex_);
  std::deque<v1::WatchAgentsRequest> outbox_ FIRSTLINE_GUARDED_BY(mutex_);
  std::chrono::nanoseconds lease_ FIRSTLINE_GUARDED_BY(mutex_);
  Stream* live_ FIRSTLINE_GUARDED_BY(mutex_) = nullptr;
  bool goodbye_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  bool ended_ FIRSTLINE_GUARDED_BY(mutex_) = false;

  sync::OwnedThread thread_;
};

}  // namespace firstline::client
