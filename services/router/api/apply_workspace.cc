#include "services/router/api/apply_workspace.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/limits.h"
#include "services/router/engine/config_check.h"

namespace firstline::api {
namespace {

absl::Status WorkspaceExists(const std::string& workspace) {
  return status::Error(absl::StatusCode::kAlreadyExists, "the workspace exists",
                       {.reason = "WORKSPACE_EXISTS",
                        .metadata = {{"workspace", workspace}},
                        .violations = {{"create", "the workspace exists"}}});
}

absl::Status ConfigInvalid(const std::vector<engine::ConfigProblem>& problems) {
  status::ErrorInfo info{.reason = "CONFIG_INVALID"};
  for (const engine::ConfigProblem& problem : problems) {
    if (info.violations.size() == limits::kViolationsMax) break;
    info.violations.push_back({absl::StrCat("workspace.", problem.path), problem.message});
  }
  const std::string message = absl::StrCat(problems[0].path, ": ", problems[0].message);
  return status::Error(absl::StatusCode::kInvalidArgument, message, std::move(info));
}

// One call on its way; kept alive by the callback it waits for.
class Apply final : public std::enable_shared_from_this<Apply> {
 public:
  Apply(Backend& backend, ApplyWorkspaceCall& call, engine::Command command)
      : backend_(backend),
        call_(call),
        request_(call.request()),
        command_(std::move(command)),
        deadline_(call.deadline()) {}

  void Start() {
    ReadState(
        backend_, workspace(), deadline_,
        [self = shared_from_this()](const engine::Engine& engine) { return self->Review(engine); },
        [self = shared_from_this()](absl::Status status, store::EventId) {
          self->OnReviewed(std::move(status));
        });
  }

 private:
  const std::string& workspace() const { return request_.workspace().id(); }
  engine::ApplyConfig& config() { return std::get<engine::ApplyConfig>(command_.body); }

  // What would be wrong, what changes, what looks odd.
  absl::Status Review(const engine::Engine& engine) {
    version_ = engine.counters().config_version;
    const bool repeat =
        !command_.request_id.empty() && engine.FindRequest(command_.request_id) != nullptr;
    if (repeat) return absl::OkStatus();  // The engine answers it from memory.
    if (request_.create() && version_ > 0) return WorkspaceExists(workspace());
    if (!request_.etag().empty() && request_.etag() != engine.etag()) {
      return ToStatus(engine::Rejection::kEtagMismatch, engine.etag(), command_.body.index());
    }
    const engine::ConfigReview review = engine::Review(engine, config());
    if (!review.problems.empty()) return ConfigInvalid(review.problems);
    for (const engine::ConfigProblem& change : review.changes) {
      if (static_cast<size_t>(call_.response().changes_size()) == limits::kChangesMax) break;
      v1::ConfigChange* out = call_.response().add_changes();
      out->set_path(change.path);
      out->set_text(change.message);
    }
    for (const engine::ConfigProblem& warning : review.warnings) {
      if (static_cast<size_t>(call_.response().warnings_size()) == limits::kWarningsMax) break;
      v1::ConfigWarning* out = call_.response().add_warnings();
      out->set_path(warning.path);
      out->set_text(warning.message);
    }
    return absl::OkStatus();
  }

  void OnReviewed(absl::Status status) {
    if (status::ReasonOf(status) == "UNKNOWN_WORKSPACE" && config().whole) {
      status = Review(engine::Engine(workspace()));
    }
    if (!status.ok()) return call_.End(status);
    if (request_.validate_only()) {
      SetEtag(version_);
      return call_.End(absl::OkStatus());
    }
    // Whoever creates must be the first: version 0 is what the engine has before any configuration.
    if (request_.create()) config().etag = "0";
    Submit();
  }

  void Submit() {
    const CommandKind kind = command_.body.index();
    runtime::Call call{.workspace = workspace(),
                       .deadline = deadline_,
                       .body = std::move(command_),
                       .create_if_missing = request_.mode() == v1::APPLY_MODE_WHOLE};
    backend_.Submit(std::move(call), [self = shared_from_this(), kind](runtime::Answer answer) {
      const absl::Status status = ToStatus(answer, self->workspace(), kind);
      if (!status.ok()) return self->call_.End(status);
      const runtime::Done& done = std::get<runtime::Done>(answer);
      WriteReceipt(done, "", self->call_.response().mutable_receipt());
      self->ReadEtag(done.outcome.receipt.replayed);
    });
  }

  void ReadEtag(bool replayed) {
    auto read = [self = shared_from_this(), replayed](const engine::Engine& engine) {
      const uint64_t present = engine.counters().config_version;
      if (replayed || present == self->version_ + 1) self->SetEtag(present);
      return absl::OkStatus();
    };
    // The change is applied and durable whatever becomes of this read.
    ReadState(backend_, workspace(), deadline_, read,
              [self = shared_from_this()](const absl::Status&, store::EventId) {
                self->call_.End(absl::OkStatus());
              });
  }

  void SetEtag(uint64_t version) {
    call_.response().set_generation(version);
    if (version > 0) call_.response().set_etag(absl::StrCat(version));
  }

  Backend& backend_;
  ApplyWorkspaceCall& call_;
  const v1::ApplyWorkspaceRequest& request_;
  engine::Command command_;
  const runtime::BootTime deadline_;
  uint64_t version_ = 0;
};

}  // namespace

void StartApplyWorkspace(Backend& backend, ApplyWorkspaceCall& call) {
  absl::StatusOr<engine::Command> command = ToCommand(call.request());
  if (!command.ok()) return call.End(command.status());
  command->caller = call.caller()->told;
  std::make_shared<Apply>(backend, call, *std::move(command))->Start();
}

}  // namespace firstline::api
