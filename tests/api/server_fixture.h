// A served workspace to call: the real server on a free port before an EngineBackend, a workspace
// "w" with inquiries in every state, and calls by name with requests in text form.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/text_format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "common/rpc/observer.h"
#include "common/sync/mutex.h"
#include "firstline/v1/agent_service.grpc.pb.h"
#include "firstline/v1/clock_service.grpc.pb.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/explain_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"
#include "firstline/v1/status_service.grpc.pb.h"
#include "services/router/api/server.h"
#include "tests/api/engine_backend.h"

namespace firstline::api {

// Counts handled RPCs by "service/method code".
class CountingObserver final : public rpc::Observer {
 public:
  void OnHandled(rpc::MethodName name, grpc::StatusCode code,
                 std::chrono::nanoseconds elapsed) override;
  int count(const std::string& key);

 private:
  sync::Mutex mutex_;
  std::map<std::string, int> counts_ FIRSTLINE_GUARDED_BY(mutex_);
};

template <class Message>
Message Text(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// Of a stream in a test: should it hang.
inline void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture();
  ~ServerFixture() override;

  // Serves, and builds workspace "w": channels chat and voice, queues sales (offers), support, full
  // (one may wait) and instant (accepts by itself); agents ann and bob (available), cat (offline,
  // vip), dan (away); inquiries named after their state: waiting, offered (to ann), assigned (to
  // bob), parked (bob's), closed, cancelled, wrapping (bob's wrap-up), spoken (assigned to bob, on
  // voice).
  void BuildWorkspace(ServerOptions options = {});
  void StartServer(ServerOptions options = {});
  // The workspace "w" with the channel chat and the queue support, and nobody else.
  void ApplyAQueue();

  // Calls "Service.Method" of firstline.v1 (or a full name) with a request in text form as a stream
  // of one message; returns how it ended. Messages that came are in `replies`.
  absl::Status Call(const std::string& method, const std::string& text,
                    std::vector<std::string>* replies = nullptr);
  // The same, expecting success; its only reply.
  template <class Response>
  Response Must(const std::string& method, const std::string& text) {
    std::vector<std::string> replies;
    const absl::Status status = Call(method, text, &replies);
    EXPECT_TRUE(status.ok()) << method << " " << text << ": " << status;
    Response response;
    if (!replies.empty()) response.ParseFromString(replies[0]);
    return response;
  }

  std::string authorization_;  // header of every Call; empty: none
  EngineBackend backend_;
  CountingObserver observer_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace firstline::api
