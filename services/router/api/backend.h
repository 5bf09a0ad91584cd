// What the API needs of the rest of the router: one narrow port, so that handlers are tested with a
// real engine and without threads, Redis or ownership.
//
// Threads: called from any thread. Callbacks may come on any thread, also before the call returns,
// each exactly once; they must be short, must not block and must not wait for another callback.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/router/api/status_report.h"
#include "services/router/runtime/call.h"
#include "services/router/telemetry/telemetry.h"

namespace firstline::api {

class Backend {
 public:
  using Callback = std::function<void(runtime::Answer)>;
  using Listed = std::function<void(absl::StatusOr<std::vector<runtime::WorkspaceId>>)>;
  using StatusRead = std::function<void(absl::StatusOr<StatusReport>)>;

  virtual ~Backend() = default;

  // Hands a call to the owner of its workspace; `call.ticket` is ignored. Calls of one workspace
  // made one after the other on one thread are applied in that order.
  virtual void Submit(runtime::Call call, Callback done) = 0;
  // The same for many, in order.
  virtual void SubmitAll(std::vector<runtime::Submission> submissions) = 0;
  // Somebody vouches that these sessions live. Best effort: the next beat follows.
  virtual void Beat(const runtime::WorkspaceId& workspace,
                    std::vector<runtime::SessionRef> sessions) = 0;
  // Ownership of the workspace may have moved: worth a look at once. Best effort.
  virtual void Look(const runtime::WorkspaceId& workspace) = 0;
  // Every workspace of this installation, ascending.
  virtual void ListWorkspaces(Listed done) = 0;
  // The clock of runtime::Call::deadline.
  virtual runtime::BootTime Now() const = 0;
  // The router can do its work now; follows the store.
  virtual bool Ready() const = 0;
  // The figures of this pod. Only inside a runtime::Query, whose thread it lives on.
  virtual telemetry::Telemetry& telemetry() = 0;
  // How this pod is; may take as long as the store does.
  virtual void ReadStatus(StatusRead done) = 0;
};

// Stands before another, and passes on to it what it does not do itself.
class PassingBackend : public Backend {
 public:
  // `backend` must outlive it.
  explicit PassingBackend(Backend& backend) : backend_(backend) {}

  void Beat(const runtime::WorkspaceId& workspace,
            std::vector<runtime::SessionRef> sessions) override {
    backend_.Beat(workspace, std::move(sessions));
  }
  void Look(const runtime::WorkspaceId& workspace) override { backend_.Look(workspace); }
  void ListWorkspaces(Listed done) override { backend_.ListWorkspaces(std::move(done)); }
  runtime::BootTime Now() const override { return backend_.Now(); }
  bool Ready() const override { return backend_.Ready(); }
  telemetry::Telemetry& telemetry() override { return backend_.telemetry(); }
  void ReadStatus(StatusRead done) override { backend_.ReadStatus(std::move(done)); }

 protected:
  Backend& backend_;
};

}  // namespace firstline::api
