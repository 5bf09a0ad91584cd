// How long a workspace is silent when its owner hands it over: a router that starts on a Redis which
// holds 10,000 agents and 100,000 waiting inquiries, asked until it answers. Run alone on a quiet
// machine; it needs redis-server. Flags are ignored.
//
// Each take-over is measured twice: from App::Start returning, and from the moment the lease was
// acquired. The latter is the new owner's epoch, which is Redis' clock in microseconds.
#include <grpcpp/grpcpp.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common/client/client.h"
#include "common/client/command_stream.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "services/router/app.h"
#include "tests/common/redis_server.h"

namespace firstline::router {
namespace {

constexpr int kAgents = 10'000, kProfiles = 50, kInquiries = 100'000, kSkills = 20;
constexpr int kAgentsPerCall = 1000, kTakeOvers = 5;
constexpr double kLeaseToAnswerMsMax = 1000;
constexpr char kWorkspace[] = "bench";

using Steady = std::chrono::steady_clock;

double MillisecondsSince(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "takeover_bench: %s\n", what.c_str());
  std::exit(1);
}

std::unique_ptr<App> StartApp(const test::RedisServer& redis) {
  AppOptions options;
  options.listen = "127.0.0.1:0";
  options.metrics_listen = "";
  options.store = "unix:" + redis.address().unix_path;
  auto app = App::Start(options);
  if (!app.ok()) Fail(app.status().ToString());
  return *std::move(app);
}

std::string AddressOf(const App& app) {
  return "127.0.0.1:" + std::to_string(app.grpc_port());
}

std::string Skill(int n) { return "skill-" + std::to_string(n % kSkills); }

void Configure(client::Client& client) {
  v1::ApplyWorkspaceRequest apply;
  apply.set_create(true);
  apply.set_mode(v1::APPLY_MODE_WHOLE);
  v1::Workspace& workspace = *apply.mutable_workspace();
  workspace.set_id(kWorkspace);
  v1::Channel& channel = *workspace.add_channels();
  channel.set_id("chat");
  channel.set_kind(v1::CHANNEL_KIND_MESSAGING);
  workspace.add_queues()->set_id("q");
  if (const auto answer = client.ApplyWorkspace(apply); !answer.ok()) {
    Fail(answer.error().ToString());
  }
}

// All of them offline, as new agents are.
void AddAgents(client::Client& client) {
  for (int first = 0; first < kAgents; first += kAgentsPerCall) {
    v1::UpsertAgentsRequest upsert;
    upsert.set_workspace(kWorkspace);
    for (int i = first; i < first + kAgentsPerCall; ++i) {
      v1::Agent& agent = *upsert.add_agents();
      const int profile = i % kProfiles;
      agent.set_id("agent-" + std::to_string(i));
      agent.mutable_capacity()->set_units(5);
      for (int s = 0; s < 3; ++s) {
        v1::AgentSkill& skill = *agent.add_skills();
        skill.set_skill(Skill(profile + s * 7));
        skill.set_level(1 + (profile / kSkills + s) % 10);
      }
    }
    if (const auto answer = client.UpsertAgents(upsert); !answer.ok()) {
      Fail(answer.error().ToString());
    }
  }
}

void AddInquiries(const client::Client& client) {
  std::atomic<int> taken = 0;
  client::CommandStream commands(client, {.deadline = std::chrono::minutes(5)});
  for (int i = 0; i < kInquiries; ++i) {
    v1::Command command;
    v1::SubmitInquiryRequest& submit = *command.mutable_submit_inquiry();
    submit.set_workspace(kWorkspace);
    v1::InquirySpec& inquiry = *submit.mutable_inquiry();
    inquiry.set_id("i-" + std::to_string(i));
    inquiry.set_channel("chat");
    inquiry.set_queue("q");
    inquiry.mutable_requirement()->add_skills()->set_skill(Skill(i));
    (*inquiry.mutable_attributes())["note"] = std::string(96, 'x');  // 100 bytes with the key
    commands.Send(std::move(command), [&](const client::Result<v1::Receipt>& answer) {
      if (answer.ok()) ++taken;
    });
  }
  commands.Drain();
  if (taken != kInquiries) Fail("only " + std::to_string(taken) + " inquiries were taken");
}

// When the lease was acquired, in milliseconds since 1970.
double AcquireMs(const test::RedisServer& redis) {
  const auto reply =
      redis.Connect()->Call({"HGET", "fl:{" + std::string(kWorkspace) + "}:own", "epoch"});
  if (!reply.ok()) Fail(reply.status().ToString());
  const auto epoch = reply->view().AsInteger();
  if (!epoch.ok()) Fail(epoch.status().ToString());
  return static_cast<double>(*epoch) / 1000;
}

struct TakeOver {
  double since_start_ms = 0, since_lease_ms = 0;
};

// Asks until there is an answer; how many times it was refused before is of no interest.
void AskUntilAnswered(const App& app) {
  const auto stub = v1::RoutingService::NewStub(
      grpc::CreateChannel(AddressOf(app), grpc::InsecureChannelCredentials()));
  const Steady::time_point begin = Steady::now();
  v1::GetInquiryRequest request;
  request.set_workspace(kWorkspace);
  request.set_inquiry_id("i-" + std::to_string(kInquiries / 2));
  for (;;) {
    grpc::ClientContext context;
    v1::GetInquiryResponse response;
    context.set_wait_for_ready(true);  // No pause of the transport's own.
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    const grpc::Status status = stub->GetInquiry(&context, request, &response);
    if (status.ok()) return;
    if (MillisecondsSince(begin) > 60'000) Fail("no answer: " + status.error_message());
  }
}

TakeOver Measure(const test::RedisServer& redis, const App& app, Steady::time_point started) {
  AskUntilAnswered(app);
  TakeOver takeover;
  takeover.since_start_ms = MillisecondsSince(started);
  timeval now{};
  gettimeofday(&now, nullptr);  // The clock of Redis' TIME.
  takeover.since_lease_ms = static_cast<double>(now.tv_sec) * 1e3 +
                            static_cast<double>(now.tv_usec) / 1e3 - AcquireMs(redis);
  return takeover;
}

double Median(const std::vector<TakeOver>& all, double TakeOver::*figure) {
  std::vector<double> values;
  for (const TakeOver& one : all) values.push_back(one.*figure);
  std::nth_element(values.begin(), values.begin() + kTakeOvers / 2, values.end());
  return values[kTakeOvers / 2];
}

void Fill(const test::RedisServer& redis) {
  const std::unique_ptr<App> app = StartApp(redis);
  const Steady::time_point begin = Steady::now();
  client::Client client({.targets = {AddressOf(*app)}, .deadline = std::chrono::minutes(1)});
  Configure(client);
  AddAgents(client);
  AddInquiries(client);
  std::printf("filled with %d agents and %d waiting inquiries in %.0f ms\n", kAgents, kInquiries,
              MillisecondsSince(begin));
}

int Main() {
  const test::RedisServer redis({.append_only = true});
  Fill(redis);
  std::vector<TakeOver> all;
  for (int n = 1; n <= kTakeOvers; ++n) {
    const std::unique_ptr<App> app = StartApp(redis);
    all.push_back(Measure(redis, *app, Steady::now()));
    std::printf("take-over %d: first answer %.1f ms after the start, %.1f ms after the lease\n", n,
                all.back().since_start_ms, all.back().since_lease_ms);
  }
  const double lease_ms = Median(all, &TakeOver::since_lease_ms);
  std::printf("median: %.1f ms after the start, %.1f ms after the lease (target: below %.0f): %s\n",
              Median(all, &TakeOver::since_start_ms), lease_ms, kLeaseToAnswerMsMax,
              lease_ms < kLeaseToAnswerMsMax ? "met" : "MISSED");
  return 0;
}

}  // namespace
}  // namespace firstline::router

int main() { return firstline::router::Main(); }
