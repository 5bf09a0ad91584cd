// Callers without a pause at several routers, told what to do line by line: the load of
// tests/bench/failover.py.
//
//   apply           make the workspaces
//   fill N          submit N inquiries to the first workspace that nobody can take
//   begin           forget the figures
//   tell            print the figures since then as a line of JSON; `gap_ms`: the longest time in
//                   which one workspace answered nobody
//   check           stop calling, and compare the history with what was acknowledged: a line of
//                   JSON. The last command
//   (the end)       stop
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/client/client.h"
#include "common/sync/mutex.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "tests/bench/ledger.h"
#include "tests/bench/measurement.h"

namespace firstline::bench {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

// Programs on three pods' worth of connections, whatever the number of pods.
constexpr int kClients = 3;

struct Options {
  std::vector<std::string> targets;
  std::string channel;         // instead of targets: a URI for gRPC
  std::string client = "plain";
  std::string service_config;  // a file
  std::string prefix;          // of inquiry ids
  int workspaces = 1;
  int callers = 4;
  int pause_us = 0;            // between two calls of a caller
  bool keeps_ledger = false;   // for `check`
};

constexpr int kClosedMax = 1'000;  // ended inquiries a workspace keeps: few beside those that wait

std::string Name(int workspace) { return absl::StrCat("w", workspace); }

// One way to make calls. OK, or what the caller of it was told.
class Caller {
 public:
  virtual ~Caller() = default;
  virtual std::string Submit(const v1::SubmitInquiryRequest& request, std::string* peer) = 0;
  virtual std::string Cancel(const v1::CancelInquiryRequest& request, std::string* peer) = 0;
};

class PlainCaller final : public Caller {
 public:
  explicit PlainCaller(const Options& options) {
    grpc::ChannelArguments arguments;
    if (!options.service_config.empty()) {
      std::stringstream text;
      text << std::ifstream(options.service_config).rdbuf();
      arguments.SetServiceConfigJSON(text.str());
    }
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const std::string where = options.channel.empty()
                                  ? absl::StrCat("ipv4:", absl::StrJoin(options.targets, ","))
                                  : options.channel;
    stub_ = v1::RoutingService::NewStub(
        grpc::CreateCustomChannel(where, grpc::InsecureChannelCredentials(), arguments));
  }
  std::string Submit(const v1::SubmitInquiryRequest& request, std::string* peer) override {
    v1::SubmitInquiryResponse response;
    grpc::ClientContext context;
    return Ended(stub_->SubmitInquiry(&context, request, &response), context, peer);
  }
  std::string Cancel(const v1::CancelInquiryRequest& request, std::string* peer) override {
    v1::CancelInquiryResponse response;
    grpc::ClientContext context;
    return Ended(stub_->CancelInquiry(&context, request, &response), context, peer);
  }

 private:
  static std::string Ended(const grpc::Status& status, const grpc::ClientContext& context,
                           std::string* peer) {
    *peer = context.peer();
    return status.ok() ? "" : absl::StrCat(status.error_code(), " ", status.error_message());
  }
  std::unique_ptr<v1::RoutingService::Stub> stub_;
};

class LibraryCaller final : public Caller {
 public:
  explicit LibraryCaller(client::Client client) : client_(std::move(client)) {}
  std::string Submit(const v1::SubmitInquiryRequest& request, std::string*) override {
    return Ended(client_.SubmitInquiry(request));
  }
  std::string Cancel(const v1::CancelInquiryRequest& request, std::string*) override {
    return Ended(client_.CancelInquiry(request));
  }

 private:
  template <class Result>
  static std::string Ended(const Result& result) {
    return result.ok() ? "" : result.error().ToString();
  }
  client::Client client_;
};

std::unique_ptr<Caller> MakeCaller(const Options& options, int number) {
  if (options.client == "plain") return std::make_unique<PlainCaller>(options);
  client::Options client{.targets = options.targets,
                         .follow_owners = options.client == "library"};
  std::rotate(client.targets.begin(),
              client.targets.begin() + number % static_cast<int>(client.targets.size()),
              client.targets.end());
  return std::make_unique<LibraryCaller>(client::Client(client));
}

// Of all callers.
class Figures {
 public:
  explicit Figures(int workspaces) : answered_(static_cast<size_t>(workspaces)) { Begin(); }

  void Begin() {
    sync::MutexLock lock(mutex_);
    began_ = Clock::now();
    for (Clock::time_point& at : answered_) at = began_;
    latencies_us_.clear();
    failures_.clear();
    by_peer_.clear();
    gap_ = {};
  }
  void Ended(int workspace, Clock::time_point began, const std::string& failure,
             const std::string& peer) {
    const auto now = Clock::now();
    sync::MutexLock lock(mutex_);
    if (began < began_) return;
    if (!failure.empty()) return failures_.push_back(failure);
    latencies_us_.push_back(duration<float, std::micro>(now - began).count());
    if (!peer.empty()) ++by_peer_[peer];
    Clock::time_point& last = answered_[static_cast<size_t>(workspace)];
    gap_ = std::max(gap_, now - last);
    last = now;
  }
  nlohmann::json Tell() {
    sync::MutexLock lock(mutex_);
    const double seconds = duration<double>(Clock::now() - began_).count();
    std::vector<float> sorted = latencies_us_;
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](double share) {
      if (sorted.empty()) return 0.0F;
      return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
    };
    return {{"seconds", seconds},
            {"calls", sorted.size()},
            {"per_second", static_cast<double>(sorted.size()) / seconds},
            {"failed", failures_.size()},
            {"failure", failures_.empty() ? "" : failures_.front()},
            {"p50_us", at(0.5)},
            {"p99_us", at(0.99)},
            {"longest_ms", at(1) / 1000},
            {"gap_ms", duration<double, std::milli>(gap_).count()},
            {"by_peer", by_peer_}};
  }

 private:
  sync::Mutex mutex_;
  Clock::time_point began_ FIRSTLINE_GUARDED_BY(mutex_);
  std::vector<Clock::time_point> answered_ FIRSTLINE_GUARDED_BY(mutex_);
  std::vector<float> latencies_us_ FIRSTLINE_GUARDED_BY(mutex_);
  std::vector<std::string> failures_ FIRSTLINE_GUARDED_BY(mutex_);
  std::map<std::string, int64_t> by_peer_ FIRSTLINE_GUARDED_BY(mutex_);
  Clock::duration gap_ FIRSTLINE_GUARDED_BY(mutex_){};
};

v1::SubmitInquiryRequest SubmitOf(int workspace, const std::string& id) {
  v1::SubmitInquiryRequest request;
  request.set_workspace(Name(workspace));
  request.mutable_inquiry()->set_id(id);
  request.mutable_inquiry()->set_channel("chat");
  request.mutable_inquiry()->set_queue("q");
  return request;
}

// Submits and cancels by turns, so that nothing grows.
void Call(const Options& options, Caller& caller, int number, Figures& figures, Ledger& ledger,
          const std::atomic<bool>& stop) {
  for (int i = 0; !stop; ++i) {
    const int workspace = (number + i) % options.workspaces;
    const std::string id = absl::StrCat(options.prefix, "-", number, "-", i);
    std::string peer;
    auto began = Clock::now();
    const std::string submitted = caller.Submit(SubmitOf(workspace, id), &peer);
    figures.Ended(workspace, began, submitted, peer);
    if (options.keeps_ledger && submitted.empty()) ledger.Submitted(Name(workspace), id);
    v1::CancelInquiryRequest cancel;
    cancel.set_workspace(Name(workspace));
    cancel.set_inquiry_id(id);
    cancel.set_reason(v1::CANCEL_REASON_WITHDRAWN);
    began = Clock::now();
    const std::string cancelled = caller.Cancel(cancel, &peer);
    figures.Ended(workspace, began, cancelled, peer);
    if (options.keeps_ledger && cancelled.empty()) ledger.Cancelled(Name(workspace), id);
    if (options.pause_us > 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(options.pause_us));
    }
  }
}

void Apply(const Options& options) {
  client::Client client({.targets = options.targets});
  for (int i = 0; i < options.workspaces; ++i) {
    v1::ApplyWorkspaceRequest request;
    request.set_mode(v1::APPLY_MODE_WHOLE);
    v1::Workspace& workspace = *request.mutable_workspace();
    workspace.set_id(Name(i));
    // So that what a handover moves does not grow with the time the callers ran before.
    workspace.mutable_settings()->set_closed_max(kClosedMax);
    v1::Channel& channel = *workspace.add_channels();
    channel.set_id("chat");
    channel.set_kind(v1::CHANNEL_KIND_MESSAGING);
    workspace.add_queues()->set_id("q");
    workspace.add_agents()->set_id("ann");
    const auto applied = client.ApplyWorkspace(request);
    if (!applied.ok()) Fail(applied.error().ToString());
  }
}

void Fill(const Options& options, int count) {
  client::Client client({.targets = options.targets});
  std::atomic<int> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) {
        const auto done = client.SubmitInquiry(SubmitOf(0, absl::StrCat(options.prefix, "f", i)));
        if (!done.ok()) Fail(done.error().ToString());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

nlohmann::json Check(const Options& options, Ledger& ledger) {
  client::Client client({.targets = options.targets});
  const LedgerCheck check = ledger.Check(client);
  return {{"acknowledged", check.acknowledged},
          {"lost", check.lost},
          {"doubled", check.doubled},
          {"example", check.example}};
}

// Lines until the end.
void Obey(const Options& options, Figures& figures, Ledger& ledger,
          const std::function<void()>& stop) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what;
    int count = 0;
    words >> what >> count;
    if (what == "apply") {
      Apply(options);
    } else if (what == "fill") {
      Fill(options, count);
    } else if (what == "begin") {
      figures.Begin();
    } else if (what == "check") {
      stop();
      std::cout << Check(options, ledger).dump() << std::endl;
      continue;
    } else if (what != "tell") {
      Fail("no such command: " + line);
    }
    std::cout << (what == "tell" ? figures.Tell().dump() : "done") << std::endl;
  }
}

int Main(int argc, char** argv) {
  Options options;
  bool idle = false;
  CLI::App cli("Callers of several routers, for tests/bench/failover.py.", "bench_callers");
  cli.add_option("--targets", options.targets, "routers, HOST:PORT")->delimiter(',')->required();
  cli.add_option("--channel", options.channel, "where plain callers connect, if not to these");
  cli.add_option("--client", options.client, "plain gRPC; the client library, blind or not")
      ->check(CLI::IsMember({"plain", "blind", "library"}));
  cli.add_option("--service-config", options.service_config, "file for plain callers")
      ->check(CLI::ExistingFile);
  cli.add_option("--prefix", options.prefix, "of inquiry ids; must be new")->required();
  cli.add_option("--workspaces", options.workspaces)->check(CLI::Range(1, 1000));
  cli.add_option("--callers", options.callers)->check(CLI::Range(1, 1000));
  cli.add_option("--pause-us", options.pause_us)->check(CLI::Range(0, 1'000'000));
  cli.add_flag("--ledger", options.keeps_ledger, "remember what was acknowledged, for check");
  cli.add_flag("--idle", idle, "make no calls of its own");
  CLI11_PARSE(cli, argc, argv);
  Figures figures(options.workspaces);
  Ledger ledger;
  std::vector<std::unique_ptr<Caller>> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(MakeCaller(options, i));
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < (idle ? 0 : options.callers); ++i) {
    threads.emplace_back([&, i] {
      Call(options, *clients[static_cast<size_t>(i % kClients)], i, figures, ledger, stop);
    });
  }
  const auto stop_all = [&] {
    stop = true;
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  };
  Obey(options, figures, ledger, stop_all);
  stop_all();
  return 0;
}

}  // namespace
}  // namespace firstline::bench

int main(int argc, char** argv) { return firstline::bench::Main(argc, argv); }
