// A crowd of watchers: opens many WatchEvents streams, says "ready" when each has heard something,
// and holds them until its standard input ends. Then it says how many messages came and how many
// streams broke; exit code 1 if any did.
//
//   watch_crowd SERVER WORKSPACE STREAMS inquiry|all
//
// With `inquiry` each stream follows an inquiry of its own, as a customer's page does; with `all`
// every event of the workspace.
#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/sync/mutex.h"
#include "firstline/v1/routing_service.grpc.pb.h"

namespace {

using firstline::v1::RoutingService;
using firstline::v1::WatchEventsRequest;
using firstline::v1::WatchEventsResponse;

// Routers take 10,000 streams on a connection.
constexpr int kStreamsPerConnection = 2500;

struct Watcher {
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientAsyncReader<WatchEventsResponse>> stream;
  WatchEventsResponse response;
  bool started = false;
  bool heard = false;
};

class Crowd {
 public:
  Crowd(const std::string& server, const std::string& workspace, int streams, bool by_inquiry) {
    for (int i = 0; i < streams; ++i) {
      if (i % kStreamsPerConnection == 0) stubs_.push_back(Connect(server));
      WatchEventsRequest request;
      request.set_workspace(workspace);
      if (by_inquiry) request.set_inquiry_id("watched-" + std::to_string(i));
      watchers_.push_back(std::make_unique<Watcher>());
      Watcher& watcher = *watchers_.back();
      watcher.stream = stubs_.back()->PrepareAsyncWatchEvents(&watcher.context, request, &queue_);
      watcher.stream->StartCall(&watcher);
    }
    thread_ = std::thread([this] { Listen(); });
  }
  ~Crowd() {
    leaving_ = true;
    for (const auto& watcher : watchers_) watcher->context.TryCancel();
    queue_.Shutdown();
    thread_.join();
  }

  // Waits until every stream has heard something, one broke or `deadline` has passed.
  void WaitUntilHeard(int streams, std::chrono::steady_clock::time_point deadline) {
    firstline::sync::MutexLock lock(mutex_);
    while (heard_ < streams && broken_ == 0 && changed_.WaitUntil(mutex_, deadline)) {
    }
  }

  int heard() const { return heard_; }
  int broken() const { return broken_; }
  long messages() const { return messages_; }

 private:
  static std::unique_ptr<RoutingService::Stub> Connect(const std::string& server) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return RoutingService::NewStub(
        grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments));
  }

  void Listen() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
      Watcher& watcher = *static_cast<Watcher*>(tag);
      if (!ok) {
        if (!leaving_) Count(broken_);
        continue;
      }
      if (watcher.started) {
        ++messages_;
        if (!watcher.heard) Count(heard_);
        watcher.heard = true;
      }
      watcher.started = true;
      if (!leaving_) watcher.stream->Read(&watcher.response, &watcher);
    }
  }

  void Count(std::atomic<int>& what) {
    {
      firstline::sync::MutexLock lock(mutex_);
      ++what;
    }
    changed_.NotifyAll();
  }

  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<RoutingService::Stub>> stubs_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::atomic<bool> leaving_{false};
  std::atomic<int> heard_{0}, broken_{0};
  std::atomic<long> messages_{0};
  firstline::sync::Mutex mutex_;
  firstline::sync::CondVar changed_;  // heard_ or broken_ grew
  std::thread thread_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: watch_crowd SERVER WORKSPACE STREAMS inquiry|all\n";
    return 2;
  }
  const int streams = std::stoi(argv[3]);
  Crowd crowd(argv[1], argv[2], streams, std::string(argv[4]) == "inquiry");
  crowd.WaitUntilHeard(streams, std::chrono::steady_clock::now() + std::chrono::minutes(2));
  if (crowd.heard() < streams) {
    std::cout << "only " << crowd.heard() << " streams heard something, " << crowd.broken()
              << " broke" << std::endl;
    return 1;
  }
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  std::cout << crowd.messages() << " messages, " << crowd.broken() << " streams broke" << std::endl;
  return crowd.broken() == 0 ? 0 : 1;
}
