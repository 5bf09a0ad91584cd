// A backend whose callbacks run on a thread of its own: sending an answer costs about ten
// microseconds of protobuf and system calls, which the thread that runs the engine must not spend.
//
// Threads: as Backend. Stop by the owner.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "common/sync/bounded_inbox.h"
#include "common/sync/owned_thread.h"
#include "services/router/api/backend.h"

namespace firstline::api {

class OffloadedBackend final : public Backend {
 public:
  // `backend` must outlive it.
  explicit OffloadedBackend(Backend& backend);
  // Runs what waits, then joins. Callbacks that come later run on the backend's own thread.
  ~OffloadedBackend() override;

  void Submit(runtime::Call call, Callback done) override;
  void SubmitAll(std::vector<runtime::Submission> submissions) override;
  void Beat(const runtime::WorkspaceId& workspace,
            std::vector<runtime::SessionRef> sessions) override {
    backend_.Beat(workspace, std::move(sessions));
  }
  void ListWorkspaces(Listed done) override { backend_.ListWorkspaces(std::move(done)); }
  runtime::BootTime Now() const override { return backend_.Now(); }
  bool Ready() const override { return backend_.Ready(); }
  telemetry::Telemetry& telemetry() override { return backend_.telemetry(); }

 private:
  struct Given {
    Callback done;
    runtime::Answer answer;
  };
  using Inbox = sync::BoundedInbox<Given>;

  // What hands the answer to the thread that runs `done`. To be called once.
  Callback Offload(Callback done) const;

  Backend& backend_;
  const std::shared_ptr<Inbox> given_;  // also held by callbacks that outlive this
  sync::OwnedThread thread_;
};

}  // namespace firstline::api
