// firstline agent work: a person plays an agent.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/client/agent_session.h"
#include "common/sync/mutex.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/interrupt.h"
#include "services/cli/work/desk.h"
#include "services/cli/work/typing.h"

namespace firstline::cli {
namespace {

struct WorkOptions {
  std::string id, presence = "available", session;
};

// What the session's thread hears, for the thread that talks to the person. A pipe wakes that one.
class Mailbox : public client::AgentListener {
 public:
  using Letter = std::function<void()>;

  Mailbox(Context& context, Desk& desk) : context_(context), desk_(desk) {
    if (pipe2(wake_.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
      throw Failure(ExitCode::kRefused, "no pipe could be made: too many files are open");
    }
  }
  ~Mailbox() override {
    close(wake_[0]);
    close(wake_[1]);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void OnWork(const client::WorkChange& change) override {
    Put([this, change] { desk_.Take(change); });
  }
  void OnPresence(const std::string&, v1::Presence presence, const std::string& reason) override {
    Put([this, presence, reason] { desk_.TakePresence(presence, reason); });
  }
  void OnFailure(const std::string&, const client::Error& error) override {
    Put([error] { throw Failure(error); });
  }
  void OnConnected() override {
    Put([this] {
      if (std::exchange(lost_, false)) context_.err << "connected again\n";
    });
  }
  void OnDisconnected(const client::Error& error, bool final) override {
    Put([this, error, final] {
      if (final) ended_ = error;
      if (!final && !std::exchange(lost_, true)) {
        context_.err << "connection lost, trying again: " << error.message << "\n";
      }
    });
  }

  int fd() const { return wake_[0]; }
  // The session is over for a reason that will not pass.
  const std::optional<client::Error>& ended() const { return ended_; }

  // The next thing that was heard.
  std::optional<Letter> Next() {
    std::array<char, 64> bytes{};
    while (read(wake_[0], bytes.data(), bytes.size()) > 0) {
    }
    sync::MutexLock lock(mutex_);
    if (letters_.empty()) return std::nullopt;
    Letter letter = std::move(letters_.front());
    letters_.pop_front();
    return letter;
  }

 private:
  void Put(Letter letter) {
    {
      sync::MutexLock lock(mutex_);
      letters_.push_back(std::move(letter));
    }
    const char byte = 1;
    [[maybe_unused]] const ssize_t written = write(wake_[1], &byte, 1);
  }

  Context& context_;
  Desk& desk_;
  std::array<int, 2> wake_ = {-1, -1};
  bool lost_ = false;                   // the person's thread
  std::optional<client::Error> ended_;  // the person's thread
  sync::Mutex mutex_;
  std::deque<Letter> letters_ FIRSTLINE_GUARDED_BY(mutex_);
};

// One shift: until the person leaves, input ends, Ctrl-C or an error that will not pass.
class Shift {
 public:
  Shift(Context& context, const WorkOptions& options)
      : context_(context),
        agent_id_(options.id),
        desk_(context, options.id,
              [this](v1::Presence presence, const std::string& reason) {
                session_->SetPresence(agent_id_, presence, reason);
              }),
        mailbox_(context, desk_),
        typing_(context.in, context.out, context.out_is_terminal && CanDraw()) {
    session_ = std::make_unique<client::AgentSession>(
        context.client(),
        client::AgentSession::Options{.workspace = context.Workspace(),
                                      .session_id = options.session,
                                      .include_inquiries = false},
        mailbox_);
    const int presence = ParseEnum(*v1::Presence_descriptor(), "presence", options.presence);
    session_->SetPresence(agent_id_, static_cast<v1::Presence>(presence));
  }

  void Run() {
    while (!desk_.leaving() && !interrupt_.raised()) {
      TakeLetters();
      if (mailbox_.ended()) throw Failure(*mailbox_.ended());
      TakeLines();
      if (desk_.leaving() || (typing_.ended() && !desk_.IsWaiting())) break;
      typing_.Show(desk_.Prompt());
      WaitForNews();
      typing_.Hide();
    }
    typing_.Hide();
    Leave();
  }

 private:
  // A script must hear of what went wrong in its end; a person has read it.
  void Try(const std::function<void()>& action) {
    try {
      action();
    } catch (const Failure& failure) {
      context_.err << failure.ToString() << std::flush;
      if (!typing_.is_terminal() && failed_ == ExitCode::kOk) failed_ = failure.exit();
    }
  }

  void TakeLetters() {
    while (const auto letter = mailbox_.Next()) Try(*letter);
    context_.out.flush();
  }

  void TakeLines() {
    while (!desk_.leaving() && !desk_.IsWaiting()) {
      const std::optional<std::string> line = typing_.NextLine();
      if (!line) return;
      Try([&] { desk_.Do(*line); });
      context_.out.flush();
    }
  }

  void WaitForNews() {
    // What is left of an offer is counted down before the person's eyes.
    std::chrono::nanoseconds longest =
        typing_.is_terminal() ? std::chrono::seconds(1) : std::chrono::seconds(60);
    if (const auto left = desk_.WaitLeft()) longest = std::min(longest, *left);
    std::array<struct pollfd, 3> ends = {
        {{.fd = interrupt_.fd(), .events = POLLIN, .revents = 0},
         {.fd = mailbox_.fd(), .events = POLLIN, .revents = 0},
         {.fd = typing_.ended() ? -1 : context_.in, .events = POLLIN, .revents = 0}}};
    if (poll(ends.data(), ends.size(), PollMs(longest)) <= 0) return;
    if (ends[2].revents != 0) typing_.Read();
  }

  void Leave() {
    const std::vector<std::string> held = desk_.Held();
    if (!held.empty()) {
      context_.err << "still yours when you are back: " << absl::StrJoin(held, ", ") << "\n";
    }
    session_->Close();
    TakeLetters();
    if (failed_ != ExitCode::kOk) throw Failure(failed_, "");
  }

  Context& context_;
  const std::string agent_id_;
  const Interrupt interrupt_;
  Desk desk_;
  Mailbox mailbox_;
  Typing typing_;
  ExitCode failed_ = ExitCode::kOk;
  std::unique_ptr<client::AgentSession> session_;
};

void Work(Context& context, const WorkOptions& options) {
  // Whoever is not there is told at once, not by a stream.
  v1::GetAgentRequest request;
  request.set_workspace(context.Workspace());
  request.set_agent_id(options.id);
  Unwrap(context.client().GetAgent(request));
  Shift(context, options).Run();
}

}  // namespace

void AddAgentWork(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(
      noun, "work", "be an agent: take offers, reply, close, in a terminal",
      "firstline agent work ann\n"
      "  printf 'wait offer\\naccept\\nreply\\nclose\\nfinish\\n' | firstline agent work ann",
      std::string("It is available for as long as this runs. What can be said, a line each:\n") +
          kDeskCommands +
          "\nFrom a pipe lines are done one after the other, and its end is `quit`; the code is "
          "then\n"
          "that of the first line that failed. With -o json or jsonl what changes is an object a "
          "line.");
  const auto options = std::make_shared<WorkOptions>();
  IsAgent(context, *command.add_option("id", options->id, "id of the agent")->required());
  OneOf(
      context,
      *command.add_option("--presence", options->presence, "to begin with")->capture_default_str(),
      "presence", *v1::Presence_descriptor());
  command
      .add_option("--session", options->session,
                  "id that outlives this program: the same one takes over; left out: made up")
      ->type_name("ID");
  command.callback([&context, options] { Work(context, *options); });
}

}  // namespace firstline::cli
