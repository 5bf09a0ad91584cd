// A router small enough to be read: one workspace, first come first served, everything accepted at
// once, nothing stored. It proves the command line and the replay without the real one, and can be
// told to break a rule so that the replay's verdict has something to find.
//
// Thread rule: any thread; its gRPC server has threads of its own.
#pragma once

#include <grpcpp/server.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "firstline/v1/agent_service.grpc.pb.h"
#include "firstline/v1/clock_service.grpc.pb.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"

namespace firstline::test {

class FakeRouter {
 public:
  enum class Fault {
    kNone,
    kNewestFirst,   // serves the last who came
    kForgetsHangUp, // loses one inquiry in ten when its customer leaves: no event of its end
    kTwoAtOnce,     // gives every agent two calls
  };
  struct Options {
    bool driven = true;
    Fault fault = Fault::kNone;
  };

  explicit FakeRouter(const Options& options);
  ~FakeRouter();
  FakeRouter(const FakeRouter&) = delete;
  FakeRouter& operator=(const FakeRouter&) = delete;

  // host:port
  const std::string& address() const { return address_; }
  // The last configuration applied, agents included.
  v1::Workspace workspace();

 private:
  struct Services;
  struct Customer {
    v1::Inquiry inquiry;
    std::uint64_t turn = 0;
  };
  struct Server {
    v1::AgentStatus status;
    int load = 0;
    std::uint64_t idle_turn = 0;
  };

  // All with mutex_ held.
  absl::StatusOr<v1::Receipt> Apply(const v1::Command& command);
  absl::StatusOr<v1::Receipt> Submit(const v1::SubmitInquiryRequest& request);
  absl::StatusOr<v1::Receipt> End(const std::string& id, v1::InquiryState state,
                                  v1::CancelReason reason, v1::Resolution resolution);
  absl::StatusOr<v1::Receipt> SetPresence(const v1::SetPresenceRequest& request);
  absl::Status Configure(const v1::ApplyWorkspaceRequest& request);
  absl::Status CheckWorkspace(const std::string& workspace) const;
  void Settle();
  void Assign(Customer& customer, Server& server);
  void FinishDrain(Server& server);
  bool Suits(const Customer& customer, const Server& server) const;
  v1::Event& Emit(const std::string& inquiry, const std::string& agent);
  v1::Receipt ReceiptFor(const v1::Inquiry* inquiry) const;
  std::string Cursor() const;
  std::int64_t NowUs() const;
  void Stamp();
  v1::QueueStats& StatsOf(const std::string& queue);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable published_;
  bool stopping_ = false;
  bool exists_ = false;
  std::int64_t stamp_us_ = 0;  // real time of the command in hand
  std::int64_t driven_us_ = 1'700'000'000'000'000;
  v1::Workspace workspace_;
  std::map<std::string, Customer> customers_;
  std::map<std::uint64_t, std::string> waiting_;  // by turn
  std::map<std::string, Server> servers_;
  std::map<std::string, v1::QueueStats> stats_;
  std::vector<v1::Event> events_;
  std::uint64_t turns_ = 0, hang_ups_ = 0;

  std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace firstline::test
