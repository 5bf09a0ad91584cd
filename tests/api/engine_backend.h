// A backend without runtime and store: real engines, real codec and figures, everything at once on
// the caller's thread, time by hand. What is applied is at once in the history.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/sync/mutex.h"
#include "firstline/v1/event.pb.h"
#include "services/router/api/backend.h"
#include "services/router/store/codec.h"
#include "services/router/store/port.h"

namespace firstline::api {

class EngineBackend final : public Backend, public store::EventLog {
 public:
  // ---- Backend ----
  void Submit(runtime::Call call, Callback done) override;
  void SubmitAll(std::vector<runtime::Submission> submissions) override {
    for (runtime::Submission& one : submissions) Submit(std::move(one.call), std::move(one.done));
  }
  void Beat(const runtime::WorkspaceId& workspace,
            std::vector<runtime::SessionRef> sessions) override;
  void Look(const runtime::WorkspaceId&) override {}
  void ListWorkspaces(Listed done) override;
  runtime::BootTime Now() const override { return {boot_us}; }
  bool Ready() const override { return ready; }
  telemetry::Telemetry& telemetry() override { return telemetry_; }
  void ReadStatus(StatusRead done) override { done(status_report); }

  // ---- store::EventLog ----
  store::EventPage Read(const std::string& workspace, store::EventId cursor, size_t max,
                        int64_t wait_ms) override;
  std::optional<store::EventId> Last(const std::string& workspace) override;

  // ---- For tests ----
  // Everything that is stored of all workspaces, and all history, as text.
  std::string Fingerprint();
  // Moves time and lets what is due happen.
  void Advance(engine::Span span);
  // Every further call gets this instead.
  void AnswerAll(std::optional<runtime::Answer> answer);
  // From now on answers wait until Release.
  void HoldAnswers();
  void Release();
  size_t held();
  // History loses everything up to and with `id`, or everything after it.
  void Trim(const std::string& workspace, store::EventId id);
  void Rewind(const std::string& workspace, store::EventId id);
  // Adds what no engine did to history, at once; ids are filled in. Returns the last one.
  store::EventId AppendEvents(const std::string& workspace, std::vector<v1::Event> events);
  std::vector<runtime::SessionRef> last_beat();

  StatusReport status_report;  // set before the first call
  std::atomic<bool> ready{true};
  std::atomic<int64_t> boot_us{1};  // the clock of calls' deadlines
  std::atomic<bool> driven{true};
  std::function<void()> committed;  // set before the first call

 private:
  struct Workspace {
    std::unique_ptr<engine::Engine> engine;
    std::vector<store::EventEntry> events;
    store::EventId trimmed;
    uint64_t last_n = 0;
  };

  runtime::Answer Answer(runtime::Call& call) FIRSTLINE_REQUIRES(mutex_);
  runtime::Answer Apply(runtime::Call& call) FIRSTLINE_REQUIRES(mutex_);
  store::EventId Commit(Workspace& workspace) FIRSTLINE_REQUIRES(mutex_);

  const store::RecordCodec codec_;
  telemetry::Telemetry telemetry_{nullptr};
  sync::Mutex mutex_;
  engine::Time now_ FIRSTLINE_GUARDED_BY(mutex_) = engine::Time{} + engine::Seconds(1'600'000'000);
  std::map<std::string, Workspace> workspaces_ FIRSTLINE_GUARDED_BY(mutex_);
  std::optional<runtime::Answer> answer_all_ FIRSTLINE_GUARDED_BY(mutex_);
  bool holding_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> held_ FIRSTLINE_GUARDED_BY(mutex_);
  std::vector<runtime::SessionRef> last_beat_ FIRSTLINE_GUARDED_BY(mutex_);
};

}  // namespace firstline::api
