// Asks a workspace's classifier about submissions that name no queue, before they go to the engine: a
// backend in front of the handlers'. Who asks is the owner: where the workspace is not owned, the
// look at its state is refused, and so is the submission, which then goes to who owns it.
//
//   submission -> is there a classifier, and is it its turn? -> ask it -> the engine, with the advice
//
// Nothing waits on a thread. Commands of the lane of a submission that waits (runtime::Call::lane) wait
// behind it; their classifiers are asked at the same time. A submission that was known before is
// not asked about again. Whatever goes wrong, the submission goes on, and the rules decide.
//
// Bounds: limits::kAskedPerWorkspaceMax, kAskedMax (beyond them nobody is asked), kHeldCommandsMax
// (beyond it commands that would have to wait get Overloaded).
//
// Threads: what waits lives on the loop's; a command from another thread is not held. Attach, Stop and
// destruction by the owner.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/router/api/backend.h"
#include "services/router/api/classifier_breaker.h"
#include "services/router/api/classifiers.h"
#include "services/router/api/limits.h"
#include "services/router/api/rpc_loop.h"
#include "services/router/api/unasked_workspaces.h"
#include "services/router/engine/advice.h"

namespace firstline::api {

struct ClassifyingOptions {
  Classifiers* classifiers = nullptr;          // null: none is known
  const UnaskedWorkspaces* unasked = nullptr;  // null: every workspace may have one
  ClassifierObserver* observer = nullptr;      // null: nobody
  size_t held_max = limits::kHeldCommandsMax;  // fewer in tests
};

class ClassifyingBackend final : public PassingBackend {
 public:
  // Everything must outlive it, and it the loop.
  ClassifyingBackend(Backend& backend, const ClassifyingOptions& options);

  // Before the first call.
  void Attach(std::shared_ptr<RpcLoop> loop) { loop_ = std::move(loop); }
  // Nobody is asked any more; what waits goes on. From any thread.
  void Stop();

  void Submit(runtime::Call call, Callback done) override;
  void SubmitAll(std::vector<runtime::Submission> submissions) override;

 private:
  using LaneKey = std::pair<uint64_t, runtime::WorkspaceId>;
  // A command on its way. Of lane 0 it waits for itself alone.
  struct Held {
    runtime::Call call;
    Callback done;
    bool ready = false;                     // but for what is before it in its lane
    std::optional<runtime::Answer> refused; // it needs not be submitted
  };
  using HeldPtr = std::shared_ptr<Held>;
  // Somebody who may be asked by a workspace.
  using SourceKey = std::pair<std::string, runtime::WorkspaceId>;
  struct Source {
    ClassifierBreaker breaker;
    size_t asked = 0;
  };

  bool MayHaveToAsk(const runtime::Call& call) const;
  void Hold(runtime::Call call, Callback done, bool asks);
  void LookAt(const HeldPtr& held);
  void Ask(const HeldPtr& held, const engine::ExternalConfig& external);
  engine::ClassifierOutcome Permit(const SourceKey& key, ClassifierBreaker::Turn* turn);
  void OnAnswer(const HeldPtr& held, const SourceKey& key, ClassifierBreaker::Turn turn, bool hurried,
                const ClassifierAnswer& answer);
  void Note(const SourceKey& key, ClassifierBreaker::Turn turn, bool hurried,
            ClassifierAnswer::How how);
  void Advise(const HeldPtr& held, engine::Advice advice);
  void MarkReady(const HeldPtr& held);
  void Proceed(const LaneKey& key);
  void Forward(Held& held);
  void ForgetSources();
  void WarnOfUnknown(const SourceKey& key);

  Classifiers* const classifiers_;
  const UnaskedWorkspaces* const unasked_;
  const size_t held_max_;
  ClassifierObserver nobody_;
  ClassifierObserver& observer_;
  std::shared_ptr<RpcLoop> loop_;

  // The loop's thread.
  std::map<LaneKey, std::deque<HeldPtr>> lanes_;  // in which somebody waits
  size_t held_ = 0;
  std::map<SourceKey, Source> sources_;
  size_t asked_ = 0;
  std::set<SourceKey> warned_;
};

}  // namespace firstline::api
