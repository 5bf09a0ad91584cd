#include "services/cli/load/scene.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/client/cursor.h"
#include "common/client/subscription.h"
#include "common/sync/mutex.h"
#include "services/cli/failure.h"
#include "services/cli/workspaces.h"

namespace firstline::load {
namespace {

using cli::ExitCode;
using cli::Failure;
using std::chrono::steady_clock;

constexpr std::chrono::minutes kPatience{3};
// The check needs all of the history; Redis keeps what is really there.
constexpr int kKeepEvents = 50'000'000;

std::string SkillOf(int queue) { return absl::StrCat("skill-", queue); }

void AddQueues(const LoadOptions& options, v1::Workspace& workspace) {
  for (int q = 0; q < options.queues; ++q) {
    v1::Queue& queue = *workspace.add_queues();
    queue.set_id(absl::StrCat("queue-", q));
    queue.set_max_length(options.queue_length_max);
    v1::SkillRequirement& skill = *queue.mutable_requirement()->add_skills();
    skill.set_skill(SkillOf(q));
    skill.set_min_level(1);
  }
}

// Skills that queues ask for, at levels that suffice: every queue has agents, the first of which
// are dealt out in turn.
void AddAgents(const LoadOptions& options, v1::Workspace& workspace) {
  std::set<std::string> asked;
  for (const v1::Queue& queue : workspace.queues()) {
    for (const auto& skill : queue.requirement().skills()) asked.insert(skill.skill());
  }
  const std::vector<std::string> skills(asked.begin(), asked.end());
  std::mt19937_64 random(options.seed);
  for (int a = 0; a < options.agents; ++a) {
    v1::Agent& agent = *workspace.add_agents();
    agent.set_id(absl::StrCat("agent-", a));
    agent.mutable_capacity()->set_units(options.capacity);
    if (skills.empty()) continue;
    std::set<std::string> has = {skills[static_cast<std::size_t>(a) % skills.size()],
                                 skills[random() % skills.size()]};
    for (const std::string& skill : has) {
      v1::AgentSkill& own = *agent.add_skills();
      own.set_skill(skill);
      own.set_level(static_cast<int>(1 + random() % 10));
    }
  }
}

}  // namespace

v1::Workspace WorkspaceFor(const LoadOptions& options) {
  v1::Workspace workspace = options.workspace;
  if (workspace.id().empty()) {
    workspace.mutable_settings()->set_keep_events_max(kKeepEvents);
    v1::Channel& channel = *workspace.add_channels();
    channel.set_id("chat");
    channel.set_kind(v1::CHANNEL_KIND_MESSAGING);
    AddQueues(options, workspace);
  }
  workspace.set_id(options.workspace_id);
  if (workspace.agents().empty()) AddAgents(options, workspace);
  return workspace;
}

void Create(client::Client& client, const v1::Workspace& workspace, bool replace) {
  if (replace) cli::DeleteWorkspace(client, workspace.id());
  v1::Workspace without_agents = workspace;
  without_agents.clear_agents();
  cli::CreateWorkspace(client, without_agents,
                       "--workspace NAME makes another, --replace deletes this one first");
  cli::UpsertAgents(client, workspace, [](int) {});
}

// Listens for the first presence of each agent, and hands on the rest.
class Crew::Ear : public client::AgentListener {
 public:
  explicit Ear(client::AgentListener& next) : next_(next) {}

  void Expect(const std::string& agent_id) {
    sync::MutexLock lock(mutex_);
    missing_.insert(agent_id);
  }
  void Wait(steady_clock::time_point deadline) {
    sync::MutexLock lock(mutex_);
    while (!missing_.empty() && error_.empty()) {
      if (!changed_.WaitUntil(mutex_, deadline)) break;
    }
    if (missing_.empty()) return;
    throw Failure(ExitCode::kUnavailable,
                  absl::StrCat(missing_.size(), " agents did not become available, such as ",
                               *missing_.begin(), error_.empty() ? "; " : ": ", error_,
                               failure_));
  }

  void OnWork(const client::WorkChange& change) override { next_.OnWork(change); }
  void OnPresence(const std::string& agent_id, v1::Presence presence,
                  const std::string&) override {
    if (presence != v1::PRESENCE_AVAILABLE) return;
    sync::MutexLock lock(mutex_);
    if (missing_.erase(agent_id) > 0 && missing_.empty()) changed_.NotifyAll();
  }
  void OnFailure(const std::string&, const client::Error& error) override {
    sync::MutexLock lock(mutex_);
    failure_ = error.ToString();  // Passing ones are repeated by the session.
  }
  void OnDisconnected(const client::Error& error, bool final) override {
    if (!final) return;
    sync::MutexLock lock(mutex_);
    error_ = error.ToString();
    changed_.NotifyAll();
  }

 private:
  client::AgentListener& next_;
  sync::Mutex mutex_;
  sync::CondVar changed_;
  std::set<std::string> missing_ FIRSTLINE_GUARDED_BY(mutex_);
  std::string error_ FIRSTLINE_GUARDED_BY(mutex_);    // the session is over
  std::string failure_ FIRSTLINE_GUARDED_BY(mutex_);  // the last of one agent
};

Crew::Crew(const client::Client& client, const v1::Workspace& workspace, int sessions,
           client::AgentListener& listener) {
  for (int s = 0; s < sessions && workspace.agents_size() > 0; ++s) {
    ears_.push_back(std::make_unique<Ear>(listener));
    sessions_.push_back(std::make_unique<client::AgentSession>(
        client,
        client::AgentSession::Options{.workspace = workspace.id(), .include_inquiries = false},
        *ears_.back()));
    for (int a = s; a < workspace.agents_size(); a += sessions) {
      ears_.back()->Expect(workspace.agents(a).id());
      sessions_.back()->SetPresence(workspace.agents(a).id(), v1::PRESENCE_AVAILABLE);
    }
  }
  const auto deadline = steady_clock::now() + kPatience;
  for (const auto& ear : ears_) ear->Wait(deadline);
}

Crew::~Crew() {
  for (const auto& session : sessions_) session->Close();
  sessions_.clear();  // before who listens to them
}

namespace {

// The end of the history as it is now. A change of nothing is what no full queue refuses.
std::string CursorOfNow(client::Client& client, const std::string& workspace) {
  v1::ApplyWorkspaceRequest apply;
  apply.mutable_workspace()->set_id(workspace);
  apply.set_mode(v1::APPLY_MODE_PATCH);
  return cli::Unwrap(client.ApplyWorkspace(apply)).receipt().event_cursor();
}

}  // namespace

Verdict Judge(client::Client& client, const std::string& workspace, Ledger& ledger) {
  const std::string end = CursorOfNow(client, workspace);
  client::Subscription events(
      client, {.workspace = workspace,
               .cursor = "0-0",
               // The last one is where the reading ends.
               .kinds = {v1::EVENT_KIND_WORKSPACE_APPLIED, v1::EVENT_KIND_INQUIRY_SUBMITTED,
                         v1::EVENT_KIND_INQUIRY_ASSIGNED,
                         v1::EVENT_KIND_MESSAGE_RECORDED, v1::EVENT_KIND_INQUIRY_CLOSED}});
  std::string why;
  while (const auto news = events.Next()) {
    if (news->kind == client::News::Kind::kFailed) why = news->error.ToString();
    if (news->kind == client::News::Kind::kExpired) why = "its beginning is not kept any more";
    if (news->kind == client::News::Kind::kRewound) why = "it was taken back in part";
    if (!why.empty()) break;
    for (const v1::Event& event : news->events) ledger.Read(event);
    if (client::HasReached(news->cursor, end)) break;
  }
  Verdict verdict = ledger.Judge();
  verdict.complete = why.empty();
  verdict.why = why;
  return verdict;
}

}  // namespace firstline::load
