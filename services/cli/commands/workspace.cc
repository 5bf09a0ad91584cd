// firstline workspace: a whole workspace from one Redis to another, through a file.
#include <google/protobuf/util/time_util.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/redis/servers.h"
#include "common/redis/target.h"
#include "firstline/v1/event.pb.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/progress.h"
#include "services/router/store/redis_transfer.h"

namespace firstline::cli {
namespace {

// How often a workspace may change while it is read before that is said.
constexpr int kAttempts = 5;

struct MoveOptions {
  std::string store;
  std::string file;
};

std::unique_ptr<redis::Servers> ServersOf(const Context& context, const std::string& store) {
  const auto target = redis::Target::Parse(store);
  if (!target.ok()) throw Failure(ExitCode::kUsage, std::string(target.status().message()));
  const std::chrono::milliseconds timeout(static_cast<int64_t>(context.timeout_s * 1000));
  return std::make_unique<redis::Servers>(redis::ServersOptions{
      .target = *target, .connect_timeout = timeout, .command_timeout = timeout});
}

Failure FailureOf(const absl::Status& status) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kNotFound: return {ExitCode::kNotFound, message};
    case absl::StatusCode::kInvalidArgument: return {ExitCode::kInvalid, message};
    case absl::StatusCode::kAlreadyExists:
      return {ExitCode::kRefused, message,
              "import never overwrites: delete that workspace first, if it is not needed"};
    case absl::StatusCode::kAborted:
      return {ExitCode::kRefused, message,
              "stop what calls it, or the routers, and export again"};
    default:
      return {ExitCode::kUnavailable, message,
              "is Redis running, and do address, user and password in --store fit?"};
  }
}

void Show(Context& context, const store::TransferSummary& summary, const std::string& file) {
  if (context.format == Format::kTable) {
    context.out << summary.workspace << ": " << summary.inquiries << " inquiries, "
                << summary.agents << " agents, " << summary.requests << " requests, "
                << summary.events << " events; commit " << summary.sequence << "\n";
    return;
  }
  const nlohmann::ordered_json json = {
      {"workspace", summary.workspace}, {"file", file},
      {"sequence", summary.sequence},   {"inquiries", summary.inquiries},
      {"agents", summary.agents},       {"requests", summary.requests},
      {"events", summary.events}};
  context.out << json.dump(context.format == Format::kJson ? 2 : -1) << "\n";
}

store::TransferProgress ShowIn(Progress& progress, const char* doing) {
  return [&progress, doing](uint64_t entries) {
    progress.Show(absl::StrCat(doing, " ", entries, " entries ..."), false);
  };
}

// The file appears under its name when it is whole.
void Export(Context& context, const MoveOptions& options) {
  if (context.workspace.empty()) {
    throw Failure(ExitCode::kUsage, "which workspace? No router is asked", "-w NAME");
  }
  const auto servers = ServersOf(context, options.store);
  const std::string part = options.file + ".part";
  absl::StatusOr<store::TransferSummary> written = absl::AbortedError("");
  Progress progress(context);
  for (int i = 0; i < kAttempts && absl::IsAborted(written.status()); ++i) {
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    if (!file) throw Failure(ExitCode::kRefused, absl::StrCat("cannot write ", part));
    written =
        store::ExportWorkspace(*servers, context.workspace, file, ShowIn(progress, "written"));
  }
  std::error_code error;
  if (written.ok()) std::filesystem::rename(part, options.file, error);
  if (!written.ok() || error) {
    std::filesystem::remove(part);
    if (!written.ok()) throw FailureOf(written.status());
    throw Failure(ExitCode::kRefused, absl::StrCat("cannot write ", options.file));
  }
  Show(context, *written, options.file);
  if (written->owner.empty()) return;
  context.err << "warning: " << written->owner
              << " owns it: what happens from now on is not in the file\n";
}

// "kay@host": whoever runs this, as the system knows them.
std::string Myself() {
  std::array<char, 256> host = {};
  gethostname(host.data(), host.size() - 1);
  const struct passwd* user = getpwuid(geteuid());
  return absl::StrCat(user == nullptr ? "unknown" : user->pw_name, "@", host.data());
}

// What history says of an import: who made it. No router is asked, so nobody has proved it.
std::string ImportEvent(const std::string& workspace, store::EventId id, store::EventId previous,
                        std::chrono::microseconds time) {
  v1::Event event;
  event.set_id(store::ToString(id));
  event.set_workspace(workspace);
  *event.mutable_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(time.count());
  event.mutable_caller()->set_subject(Myself());
  event.mutable_owner_changed()->set_epoch(id.epoch);
  event.mutable_owner_changed()->set_address("import");
  if (previous.n != 0) {
    event.mutable_owner_changed()->set_previous_event(store::ToString(previous));
  }
  return event.SerializeAsString();
}

void Import(Context& context, const MoveOptions& options) {
  std::ifstream file(options.file, std::ios::binary);
  if (!file) throw Failure(ExitCode::kNotFound, absl::StrCat("cannot read ", options.file));
  const auto checked = store::CheckTransfer(file);
  if (!checked.ok()) {
    throw Failure(ExitCode::kInvalid,
                  absl::StrCat(options.file, ": ", std::string(checked.status().message())),
                  "export it again; nothing was changed");
  }
  if (!context.workspace.empty() && context.workspace != checked->workspace) {
    throw Failure(ExitCode::kInvalid,
                  absl::StrCat(options.file, " holds '", checked->workspace, "', not '",
                               context.workspace, "'"),
                  "a workspace keeps its name");
  }
  const auto servers = ServersOf(context, options.store);
  file.clear();
  file.seekg(0);
  Progress progress(context);
  const auto imported = store::ImportWorkspace(*servers, file, std::random_device()(),
                                               ShowIn(progress, "read"),
                                               [&](store::EventId id, store::EventId previous,
                                                   std::chrono::microseconds time) {
                                                 return ImportEvent(checked->workspace, id,
                                                                    previous, time);
                                               });
  if (!imported.ok()) throw FailureOf(imported.status());
  Show(context, *imported, options.file);
}

void AddMoveOptions(CLI::App& command, MoveOptions& options, const char* file) {
  command.add_option("file", options.file, file)->required()->type_name("FILE");
  command
      .add_option("--store", options.store,
                  "the Redis, as the router's --store; with a password better $FIRSTLINE_STORE")
      ->envname("FIRSTLINE_STORE")
      ->required()
      ->type_name("ADDRESS");
}

}  // namespace

void AddWorkspaceCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "workspace", "move a whole workspace between Redis installations",
                           "firstline -w shop workspace export shop.fl --store 10.0.0.5:6379");
  const auto from = std::make_shared<MoveOptions>(), into = std::make_shared<MoveOptions>();
  CLI::App& write = AddVerb(
      noun, "export", "write state, configuration and history of a workspace to a file",
      "firstline -w shop workspace export shop.fl --store 10.0.0.5:6379",
      "Redis is read directly; no router needs to run. To move a workspace, stop the routers first,\n"
      "or what they do afterwards stays behind. One that changes all the time is not exported.");
  AddMoveOptions(write, *from, "what to write");
  write.callback([&context, from] { Export(context, *from); });
  CLI::App& read = AddVerb(
      noun, "import", "make a workspace of a file in a Redis that has none of its name",
      "firstline workspace import shop.fl --store redis://:PASSWORD@10.0.0.6:6379",
      "Redis is written directly; routers that run there take the workspace as soon as it is whole.\n"
      "A damaged file, or a workspace of that name, changes nothing. History tells the import and who\n"
      "made it (`firstline audit list`). The user of Redis must be\n"
      "allowed EXPIRE and PERSIST, which routers are not.");
  AddMoveOptions(read, *into, "what to read");
  read.callback([&context, into] { Import(context, *into); });
}

}  // namespace firstline::cli
