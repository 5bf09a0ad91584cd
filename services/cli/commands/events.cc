// firstline events: the history of a workspace, and what happens from now on.
#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/client/subscription.h"
#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

using std::chrono::steady_clock;

struct EventsOptions {
  std::string from = "0-0", inquiry, queue;
  std::vector<std::string> kinds;
  bool follow = false;
  double quiet_s = 1;
};

// Ends a subscription that has had nothing new for a while. The router does not say where history
// ends; silence does.
class QuietWatch {
 public:
  QuietWatch(client::Subscription& events, std::chrono::nanoseconds quiet)
      : events_(events), quiet_(quiet), heard_(steady_clock::now()) {
    thread_ = sync::OwnedThread("fl-quiet", [this] { Run(); });
  }
  ~QuietWatch() {
    {
      sync::MutexLock lock(mutex_);
      done_ = true;
    }
    changed_.NotifyAll();
    thread_.Join();
  }

  void Heard() {
    sync::MutexLock lock(mutex_);
    heard_ = steady_clock::now();
  }

 private:
  void Run() {
    sync::MutexLock lock(mutex_);
    while (!done_ && steady_clock::now() < heard_ + quiet_) {
      changed_.WaitUntil(mutex_, heard_ + quiet_);
    }
    events_.Cancel();
  }

  client::Subscription& events_;
  const std::chrono::nanoseconds quiet_;
  sync::Mutex mutex_;
  sync::CondVar changed_;
  steady_clock::time_point heard_ FIRSTLINE_GUARDED_BY(mutex_);
  bool done_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  sync::OwnedThread thread_;
};

// The part of the event that its kind is about, as one line of JSON; the common fields are apart.
std::string Details(const v1::Event& event) {
  const google::protobuf::OneofDescriptor& kinds = *event.GetDescriptor()->FindOneofByName("kind");
  const auto* field = event.GetReflection()->GetOneofFieldDescriptor(event, &kinds);
  if (field == nullptr) return "";
  const std::string json = ToBriefJson(event.GetReflection()->GetMessage(event, field));
  return absl::StrCat(field->message_type()->name(), json == "{}" ? "" : " " + json);
}

void Show(Context& context, const v1::Event& event) {
  if (context.format == Format::kJson) {
    context.out << ToJson(event, false) << "\n";
    return;
  }
  context.out << event.id() << "  " << Text(event.time());
  for (const std::string* id : {&event.inquiry_id(), &event.queue_id(), &event.agent_id()}) {
    context.out << "  " << (id->empty() ? "-" : *id);
  }
  context.out << "  " << Details(event) << "\n";
}

// False when there is no more.
bool ShowNews(Context& context, const std::optional<client::News>& news) {
  if (!news) return false;
  switch (news->kind) {
    case client::News::Kind::kFailed: throw Failure(news->error);
    case client::News::Kind::kRewound:
      context.err << "history after " << news->cursor << " was taken back\n";
      return true;
    case client::News::Kind::kExpired:
      context.err << "history before " << news->cursor << " is not kept any more\n";
      return true;
    case client::News::Kind::kEvents: break;
  }
  for (const v1::Event& event : news->events) Show(context, event);
  context.out.flush();
  return true;
}

void Events(Context& context, const EventsOptions& options) {
  client::Subscription::Options wanted;
  wanted.cursor = options.from == "now" ? "" : options.from;
  wanted.inquiry_id = options.inquiry;
  wanted.queue = options.queue;
  for (const std::string& kind : options.kinds) {
    wanted.kinds.push_back(static_cast<v1::EventKind>(
        ParseEnum(*v1::EventKind_descriptor(), "kind of event", kind)));
  }
  wanted.workspace = context.Workspace();
  client::Subscription events(context.client(), wanted);
  const auto quiet = std::chrono::duration<double>(options.quiet_s);
  std::unique_ptr<QuietWatch> watch;
  if (!options.follow) {
    watch = std::make_unique<QuietWatch>(
        events, std::chrono::duration_cast<std::chrono::nanoseconds>(quiet));
  }
  for (;;) {
    const std::optional<client::News> news = events.Next();
    if (watch && news && !news->events.empty()) watch->Heard();
    if (!ShowNews(context, news)) break;
  }
  if (!events.cursor().empty()) context.err << "to go on: --from " << events.cursor() << "\n";
}

}  // namespace

void AddEventsCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddVerb(
      app, "events", "the history of a workspace, and what happens from now on",
      "firstline events --from 0-0 --kind inquiry-assigned --follow",
      "An event a line: id, time, inquiry, queue, agent, what happened. With -o json a line is one\n"
      "object: firstline.v1.Event.");
  const auto options = std::make_shared<EventsOptions>();
  command.add_option("--from", options->from,
                     "id of the last event seen; 0-0: the oldest that is kept; now: none of the past")
      ->capture_default_str();
  command.add_flag("--follow", options->follow, "go on with what happens, until Ctrl-C");
  command.add_option("--quiet", options->quiet_s,
                     "without --follow: stop when nothing came for this many seconds")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--kind", options->kinds,
                     "only this kind, such as inquiry-assigned; may be repeated");
  command.add_option("--inquiry", options->inquiry, "only events of this inquiry");
  command.add_option("--queue", options->queue, "only events of this queue");
  command.callback([&context, options] { Events(context, *options); });
}

}  // namespace firstline::cli
