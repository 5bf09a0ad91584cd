// bench_load: one measurement of an echo server or a router under a fixed number of outstanding
// pieces of work. Prints its figures as one line of JSON; see --help.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/redis/connection.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "firstline/v1/stats_service.grpc.pb.h"
#include "services/router/store/redis_protocol.h"
#include "tests/bench/load.h"
#include "tests/bench/measurement.h"
#include "tests/bench/sample.h"
#include "tests/bench/work.h"

namespace firstline::bench {
namespace {

struct Options {
  LoadOptions load;
  std::string work = "echo", via = "unary", redis_socket;
  int agents = 0;
  Window window;
  std::vector<Process> processes;
};

// ---- The router, before and after -------------------------------------------------------------

template <class Stub, class Request, class Response>
Response Ask(Stub& stub,
             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
             const Request& request) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) Fail(absl::StrCat("the router says: ", status.error_message()));
  return response;
}

using Channel = std::shared_ptr<grpc::Channel>;

void SetAvailable(const Channel& channel, int agents) {
  const auto stub = v1::RoutingService::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->Commands(&context);
  for (int first = 0; first < agents; first += 64) {
    v1::CommandsRequest batch;
    for (int i = first; i < std::min(first + 64, agents); ++i) {
      v1::SetPresenceRequest& set = *batch.add_commands()->mutable_set_presence();
      set.set_workspace(kWorkspace);
      set.set_agent_id(AgentId(i));
      set.set_presence(v1::PRESENCE_AVAILABLE);
    }
    const int sent = batch.commands_size();
    stream->Write(batch);
    for (int answered = 0; answered < sent;) {
      v1::CommandsResponse response;
      if (!stream->Read(&response)) Fail("the router ended the stream of presences");
      for (const v1::CommandResult& result : response.results()) {
        if (result.has_error()) Fail(absl::StrCat("presence: ", result.error().message()));
      }
      answered += response.results_size();
    }
  }
  stream->WritesDone();
  stream->Finish();
}

void SetUp(const Channel& channel, int agents, bool auto_accept) {
  constexpr int kAgentsPerCall = 1000;
  const auto stub = v1::ConfigService::NewStub(channel);
  Ask(*stub, &v1::ConfigService::Stub::ApplyWorkspace, SampleWorkspace(auto_accept));
  for (int first = 0; first < agents; first += kAgentsPerCall) {
    Ask(*stub, &v1::ConfigService::Stub::UpsertAgents,
        SampleAgents(first, std::min(kAgentsPerCall, agents - first)));
  }
  if (agents > 0) SetAvailable(channel, agents);
}

// How many inquiries Redis holds.
int64_t StoredInquiries(const std::string& socket) {
  redis::Address address;
  address.unix_path = socket;
  const auto connection = redis::Connection::Open({.address = address});
  if (!connection.ok()) Fail(connection.status().ToString());
  const std::string key = store::TableKey(kWorkspace, 0, store::Table::kInquiry);
  const auto reply = (*connection)->Call({"HLEN", key});
  const auto count = reply.ok() ? reply->AsInteger() : reply.status();
  if (!count.ok()) Fail(count.status().ToString());
  return *count;
}

// Nothing acknowledged may be missing, neither in the router nor in Redis.
nlohmann::json Check(const Channel& channel, const Options& options, const InquiryWork& work) {
  const auto stub = v1::StatsService::NewStub(channel);
  v1::GetQueueStatsRequest ask;
  ask.set_workspace(kWorkspace);
  const auto stats = Ask(*stub, &v1::StatsService::Stub::GetQueueStats, ask);
  if (stats.queues_size() != 1) Fail("the router does not know the one queue there is");
  nlohmann::json check = {{"submits_acknowledged", work.submitted()},
                          {"submits_known", stats.queues(0).submitted()},
                          {"closes_acknowledged", work.closed()},
                          {"closes_known", stats.queues(0).closed()},
                          {"unserved", work.unserved()}};
  bool whole = check["submits_acknowledged"] == check["submits_known"] &&
               check["closes_acknowledged"] == check["closes_known"] && work.unserved() == 0;
  if (!options.redis_socket.empty()) {
    check["submits_stored"] = StoredInquiries(options.redis_socket);
    whole = whole && check["submits_stored"] == check["submits_acknowledged"];
  }
  if (!whole) Fail("lost or unserved: " + check.dump());
  return check;
}

// ---- One measurement --------------------------------------------------------------------------

Outcome Run(const Options& options, Work& work, Measurement& measurement) {
  if (options.via == "stream") return RunStream(options.load, work, measurement);
  return RunUnary(options.load, work, measurement);
}

nlohmann::json Figures(Measurement& measurement, const Outcome& outcome) {
  if (outcome.errors > 0) {
    Fail(absl::StrCat(outcome.errors, " errors, the first: ", outcome.first_error));
  }
  nlohmann::json figures = measurement.Figures();
  figures["calls"] = outcome.calls;
  if (outcome.messages > 0) {
    figures["commands_a_message"] =
        static_cast<double>(outcome.calls) / static_cast<double>(outcome.messages);
  }
  return figures;
}

nlohmann::json MeasureEcho(const Options& options) {
  EchoWork work;
  Measurement measurement(options.window, options.processes);
  const Outcome outcome = Run(options, work, measurement);
  return Figures(measurement, outcome);
}

nlohmann::json MeasureRouter(const Options& options) {
  const Channel channel =
      grpc::CreateCustomChannel(options.load.target, Credentials(options.load), Arguments());
  const Extent extent = options.work == "submit"   ? Extent::kSubmit
                        : options.work == "assign" ? Extent::kAssign
                                                   : Extent::kLife;
  SetUp(channel, options.agents, extent == Extent::kAssign);
  InquiryWork work(extent, options.load.outstanding);
  Measurement measurement(options.window, options.processes);
  const Outcome outcome = Run(options, work, measurement);
  nlohmann::json figures = Figures(measurement, outcome);
  figures["check"] = Check(channel, options, work);
  return figures;
}

// ---- Flags ------------------------------------------------------------------------------------

std::vector<Process> ReadProcesses(const std::vector<std::string>& texts) {
  std::vector<Process> processes;
  for (const std::string& text : texts) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(text, absl::MaxSplits('=', 1));
    Process process{pair.first, 0};
    if (!absl::SimpleAtoi(pair.second, &process.pid)) Fail("--cpu is NAME=PID, not " + text);
    processes.push_back(process);
  }
  return processes;
}

int Main(int argc, char** argv) {
  Options options;
  std::vector<std::string> cpu;
  int warm_up_ms = 300, window_ms = 2000;
  CLI::App cli("Measures an echo server or a router.", "bench_load");
  cli.add_option("--target", options.load.target, "HOST:PORT")->required();
  auto* tls = cli.add_option("--tls-ca", options.load.tls_ca, "the router's authority: TLS");
  cli.add_option("--token-file", options.load.token_file, "sent with every call")->needs(tls);
  cli.add_option("--work", options.work, "what a piece of work is")
      ->check(CLI::IsMember({"echo", "submit", "assign", "life"}));
  cli.add_option("--via", options.via)->check(CLI::IsMember({"unary", "stream"}));
  cli.add_option("--outstanding", options.load.outstanding)->check(CLI::Range(1, 100'000));
  cli.add_option("--connections", options.load.connections)->check(CLI::Range(1, 1000));
  cli.add_option("--batch-min", options.load.batch_min, "commands a message, while any is open")
      ->check(CLI::Range(1, 64));
  cli.add_option("--batch-max", options.load.batch_max)->check(CLI::Range(1, 64));
  cli.add_option("--agents", options.agents, "available ones, added before");
  cli.add_option("--redis", options.redis_socket, "the router's Redis, to count what is stored");
  cli.add_option("--warm-up-ms", warm_up_ms);
  cli.add_option("--window-ms", window_ms);
  cli.add_option("--cpu", cpu, "NAME=PID of a process whose CPU time is told");
  CLI11_PARSE(cli, argc, argv);
  options.window = {std::chrono::milliseconds(warm_up_ms), std::chrono::milliseconds(window_ms)};
  options.processes = ReadProcesses(cpu);
  if (options.load.connections > options.load.outstanding) Fail("more connections than work");
  const nlohmann::json figures =
      options.work == "echo" ? MeasureEcho(options) : MeasureRouter(options);
  std::printf("%s\n", figures.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace firstline::bench

int main(int argc, char** argv) { return firstline::bench::Main(argc, argv); }
