#include "services/router/api/event_hub.h"

#include <utility>

namespace firstline::api {
namespace {

// A few tasks a stream; never reached before the streams' own bound.
constexpr size_t kInboxMax = 1 << 20;

}  // namespace

EventHub::EventHub(store::EventLog& log, std::chrono::milliseconds interval)
    : interval_(interval), tails_(log), inbox_(kInboxMax) {
  thread_ = sync::OwnedThread("fl-events", [this] { Run(); });
}

EventHub::~EventHub() { Stop(); }

void EventHub::Stop() {
  inbox_.Close();
  thread_.Join();
}

void EventHub::Post(Task task) { inbox_.TryPush(std::move(task)); }

void EventHub::Wake() {
  if (!woken_.exchange(true)) Post([] {});
}

void EventHub::OpenReader(Id id, ReaderOptions options, Deliver deliver) {
  Post([this, id, options = std::move(options), deliver = std::move(deliver)]() mutable {
    tails_.OpenReader(id, std::move(options), std::move(deliver));
  });
}

void EventHub::OpenFollower(Id id, std::string workspace, Deliver deliver) {
  Post([this, id, workspace = std::move(workspace), deliver = std::move(deliver)]() mutable {
    tails_.OpenFollower(id, std::move(workspace), std::move(deliver));
  });
}

void EventHub::AddAgents(Id id, std::vector<std::string> agents, std::function<void()> done) {
  Post([this, id, agents = std::move(agents), done = std::move(done)] {
    if (tails_.AddAgents(id, agents)) done();
  });
}

void EventHub::RemoveAgents(Id id, std::vector<std::string> agents) {
  Post([this, id, agents = std::move(agents)] { tails_.RemoveAgents(id, agents); });
}

void EventHub::Next(Id id) {
  Post([this, id] { tails_.Next(id, std::chrono::steady_clock::now()); });
}

void EventHub::Await(Id id, store::EventId cursor) {
  Post([this, id, cursor] { tails_.Await(id, cursor); });
}

void EventHub::Close(Id id) {
  Post([this, id] { tails_.Close(id); });
}

void EventHub::Run() {
  std::vector<Task> tasks;
  bool busy = false;
  for (;;) {
    const auto idle = tails_.empty() ? std::chrono::hours(1) : std::chrono::nanoseconds(interval_);
    tasks.clear();
    if (!inbox_.PopAll(tasks, busy ? std::chrono::nanoseconds(0) : idle)) return;
    for (Task& task : tasks) task();
    // Commits wake nobody as long as nobody watches.
    woken_ = tails_.empty();
    busy = tails_.Look(std::chrono::steady_clock::now());
  }
}

}  // namespace firstline::api
