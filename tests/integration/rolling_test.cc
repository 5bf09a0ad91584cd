// A plain gRPC channel with the published service config, against routers that are replaced one by
// one, killed, or end their connections for age: no call fails. And how long a router told to go may
// take.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/sync/mutex.h"
#include "firstline/v1/clock_service.pb.h"
#include "firstline/v1/explain_service.pb.h"
#include "tests/common/redis_server.h"
#include "tests/integration/stubs.h"
#include "tests/support/chat_workspace.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

// AppOptions::stop_timeout, and what a loaded machine adds.
constexpr seconds kStopMax{10 + 2};
constexpr seconds kPatience{30};

std::string ServiceConfig() {
  std::ifstream file(FIRSTLINE_SOURCE_DIR "/deploy/client/service_config.json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// gRPC takes a name that does not exist, or a call that is left out, without a word.
TEST(ServiceConfig, NamesEveryCallOnceAndRetriesNoStream) {
  google::protobuf::Struct config;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(ServiceConfig(), &config).ok());
  std::map<std::string, bool> retried;
  for (const auto& entry : config.fields().at("methodConfig").list_value().values()) {
    const auto& fields = entry.struct_value().fields();
    for (const auto& name : fields.at("name").list_value().values()) {
      const auto& parts = name.struct_value().fields();
      const std::string full = absl::StrCat(parts.at("service").string_value(), ".",
                                            parts.at("method").string_value());
      EXPECT_TRUE(retried.emplace(full, fields.count("retryPolicy") > 0).second) << full;
    }
  }
  size_t calls = 0;
  for (const auto* message :
       {v1::SubmitInquiryRequest::descriptor(), v1::SetPresenceRequest::descriptor(),
        v1::ApplyWorkspaceRequest::descriptor(), v1::GetQueueStatsRequest::descriptor(),
        v1::GetTimeRequest::descriptor(), v1::ExplainInquiryRequest::descriptor()}) {
    ASSERT_EQ(message->file()->service_count(), 1);
    const auto* service = message->file()->service(0);
    for (int i = 0; i < service->method_count(); ++i, ++calls) {
      const auto* method = service->method(i);
      const bool stream = method->client_streaming() || method->server_streaming();
      ASSERT_EQ(retried.count(method->full_name()), 1u) << method->full_name();
      EXPECT_FALSE(stream && retried[method->full_name()]) << method->full_name();
    }
  }
  EXPECT_EQ(retried.size(), calls);
}

class Rolling : public testing::Test {
 protected:
  static constexpr int kRouters = 3;
  static constexpr int kWorkspaces = 4;

  void Start(std::vector<std::string> more = {}) {
    RouterProcessOptions options{.store = "unix:" + redis_.address().unix_path,
                                 .extra_arguments = {"--lease-ms=1000"}};
    options.extra_arguments.insert(options.extra_arguments.end(), more.begin(), more.end());
    std::string targets;
    for (int i = 0; i < kRouters; ++i) {
      routers_.push_back(std::make_unique<RouterProcess>(options));
      absl::StrAppend(&targets, i == 0 ? "ipv4:" : ",", routers_.back()->address());
    }
    grpc::ChannelArguments arguments;
    arguments.SetServiceConfigJSON(ServiceConfig());
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    channel_ = grpc::CreateCustomChannel(targets, grpc::InsecureChannelCredentials(), arguments);
    for (int i = 0; i < kWorkspaces; ++i) Apply(Name(i));
  }

  static std::string Name(int i) { return absl::StrCat("shop", i); }

  void Apply(const std::string& name) {
    const auto stub = v1::ConfigService::NewStub(channel_);
    v1::ApplyWorkspaceRequest request = ChatWorkspace(name);
    request.mutable_workspace()->add_agents()->set_id("ann");
    v1::ApplyWorkspaceResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub->ApplyWorkspace(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  RedisServer redis_{{.append_only = true}};
  std::vector<std::unique_ptr<RouterProcess>> routers_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Submits, reads and cancels without a pause, on some threads.
class Callers {
 public:
  static constexpr int kThreads = 4;
  Callers(std::shared_ptr<grpc::Channel> channel, std::vector<std::string> workspaces)
      : stub_(v1::RoutingService::NewStub(channel)), workspaces_(std::move(workspaces)) {
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this, i] { Run(i); });
  }
  ~Callers() { Stop(); }
  // Until so many more calls were served.
  bool Serve(int more) { return Await(served_, more); }
  // Until so many more calls were begun.
  bool Begin(int more) { return Await(begun_, more); }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  std::vector<std::string> failures() {
    sync::MutexLock lock(mutex_);
    return failures_;
  }
  // Routers that served, by address.
  std::set<std::string> peers() {
    sync::MutexLock lock(mutex_);
    return std::exchange(peers_, {});
  }

 private:
  static bool Await(const std::atomic<int>& count, int more) {
    const int wanted = count + more;
    const auto end = steady_clock::now() + kPatience;
    while (count < wanted && steady_clock::now() < end) std::this_thread::yield();
    return count >= wanted;
  }

  void Run(int number) {
    for (int i = 0; !stop_; ++i) {
      const std::string& workspace = workspaces_[static_cast<size_t>(i) % workspaces_.size()];
      const std::string id = absl::StrCat("i", number, "-", i);
      v1::SubmitInquiryRequest submit;
      submit.set_workspace(workspace);
      submit.mutable_inquiry()->set_id(id);
      submit.mutable_inquiry()->set_channel("chat");
      submit.mutable_inquiry()->set_queue("q");
      v1::SubmitInquiryResponse submitted;
      Count("submit", [&](auto& c) { return stub_->SubmitInquiry(&c, submit, &submitted); });
      v1::GetInquiryRequest get;
      get.set_workspace(workspace);
      get.set_inquiry_id(id);
      v1::GetInquiryResponse got;
      Count("get", [&](auto& c) { return stub_->GetInquiry(&c, get, &got); });
      v1::CancelInquiryRequest cancel;
      cancel.set_workspace(workspace);
      cancel.set_inquiry_id(id);
      cancel.set_reason(v1::CANCEL_REASON_WITHDRAWN);
      v1::CancelInquiryResponse cancelled;
      Count("cancel", [&](auto& c) { return stub_->CancelInquiry(&c, cancel, &cancelled); });
    }
  }

  template <class Call>
  void Count(const char* what, const Call& call) {
    ++begun_;
    grpc::ClientContext context;
    const grpc::Status status = call(context);
    sync::MutexLock lock(mutex_);
    peers_.insert(context.peer());
    if (status.ok()) {
      ++served_;
    } else {
      failures_.push_back(absl::StrCat(what, ": ", status.error_code(), " ",
                                       status.error_message()));
    }
  }

  const std::unique_ptr<v1::RoutingService::Stub> stub_;
  const std::vector<std::string> workspaces_;
  std::atomic<int> begun_{0}, served_{0};
  std::atomic<bool> stop_{false};
  sync::Mutex mutex_;
  std::vector<std::string> failures_ FIRSTLINE_GUARDED_BY(mutex_);
  std::set<std::string> peers_ FIRSTLINE_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

std::vector<std::string> Names(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(absl::StrCat("shop", i));
  return names;
}

TEST_F(Rolling, RoutersReplacedOneByOneFailNoCall) {
  Start();
  Callers callers(channel_, Names(kWorkspaces));
  ASSERT_TRUE(callers.Serve(200));
  for (const auto& router : routers_) {
    const auto begin = steady_clock::now();
    router->Signal(SIGTERM);
    EXPECT_EQ(router->Wait(), 0);
    EXPECT_LT(steady_clock::now() - begin, kStopMax);
    ASSERT_TRUE(callers.Serve(200));
    router->Restart();
    // It is called again before the next one goes.
    const auto end = steady_clock::now() + kPatience;
    const std::string peer = "ipv4:" + router->address();
    callers.peers();
    while (callers.peers().count(peer) == 0 && steady_clock::now() < end) {
      ASSERT_TRUE(callers.Serve(10));
    }
    EXPECT_LT(steady_clock::now(), end) << "never called again";
  }
  callers.Stop();
  EXPECT_EQ(callers.failures(), std::vector<std::string>());
}

TEST_F(Rolling, ARouterKilledFailsNoCall) {
  Start();
  Callers callers(channel_, Names(kWorkspaces));
  ASSERT_TRUE(callers.Serve(200));
  for (const auto& router : routers_) {
    router->Signal(SIGKILL);
    router->Wait();
    ASSERT_TRUE(callers.Serve(200));
    router->Restart();
    ASSERT_TRUE(callers.Serve(200));
  }
  callers.Stop();
  EXPECT_EQ(callers.failures(), std::vector<std::string>());
}

// Connections that a router has, by the other end.
std::set<std::string> Connections(const std::string& address) {
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  const std::string local = absl::StrFormat("0100007F:%04X", port);
  std::set<std::string> others;
  // gRPC's sockets are of IPv6 even for 127.0.0.1, which ends such an address as well.
  for (const char* name : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream table(name);
    for (std::string line; std::getline(table, line);) {
      std::istringstream fields(line);
      std::string number, here, there, state;
      fields >> number >> here >> there >> state;
      if (here.ends_with(local) && state == "01") others.insert(there);
    }
  }
  return others;
}

TEST_F(Rolling, ConnectionsEndedForAgeFailNoCall) {
  Start({"--connection-age-ms=300"});
  Callers callers(channel_, Names(kWorkspaces));
  std::set<std::string> seen;
  const auto end = steady_clock::now() + kPatience;
  while (seen.size() < 8 && steady_clock::now() < end) {
    ASSERT_TRUE(callers.Serve(50));
    seen.merge(Connections(routers_[0]->address()));
  }
  EXPECT_GE(seen.size(), 8u) << "connections follow one another";
  callers.Stop();
  EXPECT_EQ(callers.failures(), std::vector<std::string>());
}

// Callers that do not hear that they should go: the router does not wait for them for ever.
TEST_F(Rolling, ARouterToldToGoEndsWithinItsBoundWhateverIsOpen) {
  Start();
  Stubs stubs(routers_[0]->address());
  grpc::ClientContext events_context, agents_context, commands_context;
  v1::WatchEventsRequest watch;
  watch.set_workspace(Name(0));
  watch.set_cursor("0-0");
  const auto events = stubs.routing->WatchEvents(&events_context, watch);
  v1::WatchEventsResponse seen;
  ASSERT_TRUE(events->Read(&seen));
  const auto agents = stubs.agents->WatchAgents(&agents_context);
  v1::WatchAgentsRequest open;
  open.mutable_open()->set_workspace(Name(0));
  open.mutable_open()->set_session_id("s1");
  v1::WatchAgentsResponse opened;
  ASSERT_TRUE(agents->Write(open) && agents->Read(&opened));
  const auto commands = stubs.routing->Commands(&commands_context);
  v1::CommandsRequest batch;
  v1::SubmitInquiryRequest& submit = *batch.add_commands()->mutable_submit_inquiry();
  submit.set_workspace(Name(0));
  submit.mutable_inquiry()->set_id("i1");
  submit.mutable_inquiry()->set_channel("chat");
  submit.mutable_inquiry()->set_queue("q");
  v1::CommandsResponse results;
  ASSERT_TRUE(commands->Write(batch) && commands->Read(&results));
  const auto begin = steady_clock::now();
  routers_[0]->Signal(SIGTERM);
  EXPECT_EQ(routers_[0]->Wait(), 0);
  EXPECT_LT(steady_clock::now() - begin, kStopMax);
  for (grpc::ClientContext* context : {&events_context, &agents_context, &commands_context}) {
    context->TryCancel();
  }
}

// Nothing can be committed and no workspace given up: what is under way is answered all the same.
TEST_F(Rolling, ARouterToldToGoEndsWithinItsBoundWhileRedisHangs) {
  Start();
  Callers callers(channel_, Names(kWorkspaces));
  ASSERT_TRUE(callers.Serve(100));
  redis_.Pause();
  // A caller begins two more at most, a read and what it waits for: some wait for what hangs.
  ASSERT_TRUE(callers.Begin(Callers::kThreads));
  const auto begin = steady_clock::now();
  for (const auto& router : routers_) router->Signal(SIGTERM);
  for (const auto& router : routers_) EXPECT_EQ(router->Wait(), 0);
  EXPECT_LT(steady_clock::now() - begin, kStopMax);
  redis_.Resume();
  for (const auto& router : routers_) router->Restart();
  callers.Stop();
}

}  // namespace
}  // namespace firstline::test
