#include "services/cli/figures.h"

#include <algorithm>
#include <limits>

#include "services/cli/failure.h"

namespace firstline::cli {
namespace {


// A view that shows old figures must not hold on to a router that is gone.
constexpr std::chrono::milliseconds kPatience{2000};
// What WatchStats takes as its interval.
constexpr std::chrono::milliseconds kIntervalMin{500}, kIntervalMax{60'000};

google::protobuf::Timestamp ReadTime(Context& context, const client::CallOptions& call) {
  v1::GetTimeRequest request;
  request.set_workspace(context.Workspace());
  return Unwrap(context.client().GetTime(request, call)).time();
}

std::map<std::string, v1::AgentStats> ReadAgentStats(Context& context,
                                                     const client::CallOptions& call) {
  v1::GetAgentStatsRequest request;
  request.set_workspace(context.Workspace());
  request.set_page_size(kPageMax);
  std::map<std::string, v1::AgentStats> stats;
  do {
    const v1::GetAgentStatsResponse page = Unwrap(context.client().GetAgentStats(request, call));
    for (const v1::AgentStats& agent : page.agents()) stats[agent.agent_id()] = agent;
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return stats;
}

std::chrono::milliseconds Deadline(const Context& context) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(context.timeout_s * 1000));
}

}  // namespace

std::vector<v1::AgentStatus> ReadAgents(Context& context, const v1::ListAgentsRequest& filter,
                                        std::size_t agents_max,
                                        const client::CallOptions& call) {
  v1::ListAgentsRequest request = filter;
  request.set_workspace(context.Workspace());
  std::vector<v1::AgentStatus> agents;
  do {
    const std::size_t wanted = agents_max - agents.size();
    request.set_page_size(static_cast<int>(std::min<std::size_t>(wanted, kPageMax)));
    v1::ListAgentsResponse page = Unwrap(context.client().ListAgents(request, call));
    for (v1::AgentStatus& agent : *page.mutable_agents()) agents.push_back(std::move(agent));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && agents.size() < agents_max);
  if (!request.page_token().empty()) {
    context.err << "there are more than these " << agents.size() << "; --limit shows more\n";
  }
  std::sort(agents.begin(), agents.end(), [](const v1::AgentStatus& a, const v1::AgentStatus& b) {
    return a.agent().id() < b.agent().id();
  });
  return agents;
}

v1::GetQueueStatsResponse ReadQueueStats(Context& context, const std::string& queue) {
  v1::GetQueueStatsRequest request;
  request.set_workspace(context.Workspace());
  request.set_queue(queue);
  return Unwrap(context.client().GetQueueStats(request));
}

LiveFigures::LiveFigures(Context& context, const FiguresWanted& wanted,
                         std::chrono::nanoseconds interval)
    : context_(context), wanted_(wanted) {
  if (!wanted_.queues) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(interval);
  watch_.emplace(context.client(),
                 client::StatsWatch::Options{.workspace = context.Workspace(),
                                             .queue = wanted.queue,
                                             .interval = std::clamp(ms, kIntervalMin, kIntervalMax)});
  thread_ = sync::OwnedThread("fl-figures", [this] { Follow(); });
}

LiveFigures::~LiveFigures() {
  if (watch_) watch_->Cancel();
  thread_.Join();
}

void LiveFigures::Follow() {
  using Kind = client::StatsNews::Kind;
  while (const auto news = watch_->Next()) {
    sync::MutexLock lock(mutex_);
    changed_.NotifyAll();
    told_.failed = news->kind == Kind::kFailed;
    if (news->kind != Kind::kFigures) {
      told_.error = news->error;
      continue;
    }
    told_.any = true;
    told_.error.reset();
    told_.queues.Clear();
    for (const auto& [name, queue] : watch_->queues()) *told_.queues.add_queues() = queue;
  }
}

v1::GetQueueStatsResponse LiveFigures::QueuesNow() {
  const auto deadline = std::chrono::steady_clock::now() + Deadline(context_);
  sync::MutexLock lock(mutex_);
  while (!told_.any && !told_.failed) {
    if (changed_.WaitUntil(mutex_, deadline)) continue;
    const client::Error late = {.code = grpc::StatusCode::DEADLINE_EXCEEDED,
                                .message = "no figures came"};
    throw Failure(told_.error.value_or(late));
  }
  if (told_.failed) throw Failure(*told_.error);
  // Whatever broke it, it is opened again.
  if (told_.error) throw Failure(ExitCode::kUnavailable, told_.error->message);
  return told_.queues;
}

Figures LiveFigures::Read() {
  const auto patience = read_before_ ? std::min(kPatience, Deadline(context_)) : Deadline(context_);
  const client::CallOptions call = {.deadline = patience};
  Figures figures;
  if (wanted_.queues) figures.queues = QueuesNow();
  figures.time = ReadTime(context_, call);
  if (wanted_.agents) {
    v1::ListAgentsRequest filter;
    filter.set_team(wanted_.team);
    figures.agents =
        ReadAgents(context_, filter, std::numeric_limits<std::size_t>::max(), call);
  }
  if (wanted_.agent_stats) figures.agent_stats = ReadAgentStats(context_, call);
  read_before_ = true;
  return figures;
}

}  // namespace firstline::cli
