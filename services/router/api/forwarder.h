// Serves work here or has the workspace's owner serve it: the gateway (gateway/gateway.h) with
// connections to peers. Callers of any pod are so served by whichever pod owns their workspace.
//
// Threads: the loop's, but for Stop.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "firstline/internal/v1/forward_service.pb.h"
#include "services/router/api/backend.h"
#include "services/router/api/forward_observer.h"
#include "services/router/api/peer.h"
#include "services/router/api/rpc_loop.h"
#include "services/router/gateway/gateway.h"

namespace firstline::api {

// A call that may be served here or elsewhere.
class Forwardable {
 public:
  virtual ~Forwardable() = default;
  virtual const std::string& workspace() const = 0;
  // Commands of one workspace are applied in the order of Forwarder::Submit; reads need none.
  virtual bool ordered() const = 0;
  virtual runtime::BootTime forward_deadline() const = 0;
  // Serves it; Forwarder::EndedHere follows, now or later.
  virtual void ServeHere(uint64_t epoch) = 0;
  // Fills in method and request.
  virtual void WriteCall(internal::v1::ForwardedCall* call) = 0;
  // The last thing that is done with it: tells the caller what the peer at `owner` answered, or, with
  // "", that nobody did.
  virtual void EndForwarded(const absl::Status& status, const std::string& response,
                            const std::string& owner) = 0;

 private:
  friend class Forwarder;
  gateway::WorkId work_ = 0;
  uint64_t attempt_ = 0;
  absl::Status refused_;  // how the last attempt was
  bool hinted_ = false;   // by this pod, to the owner: that is how work begins to be forwarded
  ForwardRetry retry_ = ForwardRetry::kUnanswered;           // why, should there be another attempt
  runtime::BootTime turned_away_ = runtime::kNeverBoot;      // for the first time
};

// INTERNAL: what a peer answered is not what was asked for.
inline absl::Status UnreadableResponse() {
  return absl::InternalError("a peer's response cannot be read");
}

// internal::v1::LookRequest to LookResponse.
inline constexpr std::string_view kLookMethod = "/firstline.internal.v1.ForwardService/Look";

struct ForwarderOptions {
  std::string self;      // as in ownership records; empty: everything is served here
  Peer::Options peer;
  ForwardObserver* observer = nullptr;  // must outlive it; null: nobody
};

class Forwarder {
 public:
  // `backend` must outlive it, and it the loop.
  Forwarder(ForwarderOptions options, Backend& backend, std::shared_ptr<RpcLoop> loop);
  ~Forwarder();

  // `work` lives until EndedHere returned true for it or its EndForwarded was called.
  void Submit(Forwardable& work);
  // How an attempt here ended. True: the caller is to be told so. False: it is tried elsewhere.
  [[nodiscard]] bool EndedHere(Forwardable& work, const absl::Status& status, uint64_t epoch);
  // Has the pod at `address` look who owns the workspace. Best effort; from any thread.
  void TellToLook(const std::string& address, const runtime::WorkspaceId& workspace);
  // Never the same twice, on no pod.
  std::string NewRequestId();
  // Closes the connections to peers; what is under way there fails. Before the loop's Stop; from any
  // thread.
  void Stop();

 private:
  static void TurnedAway(Forwardable& work, ForwardRetry why, runtime::BootTime now);
  void Over(const Forwardable& work);
  void Drive();
  void Attempt(const gateway::Attempt& attempt);
  void SendTo(const std::string& address, const gateway::Attempt& attempt, Forwardable& work);
  void EndTooLarge(const gateway::Attempt& attempt, Forwardable& work);
  Peer& PeerAt(const std::string& address);
  void OnResult(const internal::v1::ForwardedResult& result);
  void OnLost(const std::string& address);
  void GiveUp(gateway::WorkId id);
  void Look(const runtime::WorkspaceId& workspace);

  const ForwarderOptions options_;
  ForwardObserver nobody_;
  ForwardObserver& observer_;
  Backend& backend_;
  const std::shared_ptr<RpcLoop> loop_;
  gateway::Gateway gateway_;
  std::unordered_map<gateway::WorkId, Forwardable*> works_;
  std::map<std::string, std::unique_ptr<Peer>> peers_;
  struct Sent {
    gateway::WorkId work;
    std::string address;
  };
  std::unordered_map<uint64_t, Sent> sent_;  // by attempt: under way at a peer
  const std::string request_prefix_;
  uint64_t last_request_ = 0;
  bool driving_ = false;
  bool stopped_ = false;
};

}  // namespace firstline::api
