#include "services/cli/follow.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "common/sync/owned_thread.h"
#include "services/cli/failure.h"
#include "services/cli/interrupt.h"

namespace firstline::cli {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// Cancels a subscription after Ctrl-C, or after silence where that is wanted.
class Ender {
 public:
  Ender(client::Subscription& events, std::optional<nanoseconds> quiet)
      : events_(events), quiet_(quiet) {
    Heard();
    if (pipe2(done_.data(), O_CLOEXEC) != 0) {
      throw Failure(ExitCode::kRefused, "no pipe could be made: too many files are open");
    }
    thread_ = sync::OwnedThread("fl-ender", [this] { Run(); });
  }
  ~Ender() {
    close(done_[1]);
    thread_.Join();
    close(done_[0]);
  }
  Ender(const Ender&) = delete;
  Ender& operator=(const Ender&) = delete;

  void Heard() { heard_ = steady_clock::now().time_since_epoch(); }

 private:
  nanoseconds UntilQuiet() const {
    if (!quiet_) return std::chrono::hours(1);
    return heard_.load() + *quiet_ - steady_clock::now().time_since_epoch();
  }

  void Run() {
    std::array<struct pollfd, 2> ends = {{{.fd = interrupt_.fd(), .events = POLLIN, .revents = 0},
                                          {.fd = done_[0], .events = POLLIN, .revents = 0}}};
    while (UntilQuiet().count() > 0) {
      if (poll(ends.data(), ends.size(), PollMs(UntilQuiet())) > 0) break;
    }
    events_.Cancel();
  }

  client::Subscription& events_;
  const std::optional<nanoseconds> quiet_;
  const Interrupt interrupt_;
  std::array<int, 2> done_ = {-1, -1};
  std::atomic<nanoseconds> heard_ = nanoseconds(0);
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

void TellBreak(Context& context, const client::News& news) {
  if (news.kind == client::News::Kind::kRewound) {
    context.err << "CURSOR_REWOUND: what followed " << news.cursor
                << " never happened, or comes again; going on from there\n";
  } else {
    context.err << "CURSOR_EXPIRED: events up to " << news.cursor
                << " are not kept any more; going on after them\n";
  }
}

// A subscription waits for a router for ever; a command says at once that there is none, or no such
// workspace.
void CheckThatItAnswers(Context& context, const std::string& workspace) {
  v1::GetTimeRequest request;
  request.set_workspace(workspace);
  Unwrap(context.client().GetTime(request));
}

}  // namespace

std::string Follow(Context& context, FollowOptions options,
                   const std::function<bool(const v1::Event&)>& take) {
  options.wanted.workspace = context.Workspace();
  CheckThatItAnswers(context, options.wanted.workspace);
  client::Subscription events(context.client(), options.wanted);
  Ender ender(events, options.quiet);
  while (const std::optional<client::News> news = events.Next()) {
    if (news->kind == client::News::Kind::kFailed) throw Failure(news->error);
    if (news->kind != client::News::Kind::kEvents) {
      TellBreak(context, *news);
      const bool rewound = news->kind == client::News::Kind::kRewound;
      if (rewound && options.taken_back) options.taken_back(news->cursor);
      ender.Heard();
      continue;
    }
    for (const v1::Event& event : news->events) {
      if (!take(event)) return event.id();
    }
    if (!news->events.empty()) ender.Heard();
    context.out.flush();
    if (!context.out) break;  // Nobody reads any more.
  }
  return events.cursor();
}

void ShowEvent(Context& context, const v1::Event& event) {
  if (context.format != Format::kTable) {
    context.out << ToJson(event, false) << "\n";
    return;
  }
  context.out << event.id() << "  " << Text(event.time());
  for (const std::string* id : {&event.inquiry_id(), &event.queue_id(), &event.agent_id()}) {
    context.out << "  " << (id->empty() ? "-" : *id);
  }
  context.out << "  " << Details(event) << "\n";
}

}  // namespace firstline::cli
