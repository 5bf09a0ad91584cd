// Workspaces served here whose configuration names no classifier, so that nothing need be looked up
// about their submissions. One that is not known may have one: its state is asked.
//
// Threads: any; the runtime's thread writes, the loop's reads.
#pragma once

#include <set>
#include <string>
#include <variant>

#include "common/sync/mutex.h"
#include "services/router/engine/engine.h"

namespace firstline::api {

class UnaskedWorkspaces {
 public:
  // For runtime::Observer.
  void Loaded(const std::string& workspace, const engine::Engine& engine) {
    sync::MutexLock lock(mutex_);
    if (engine.config().external) {
      names_.erase(workspace);
    } else {
      names_.insert(workspace);
    }
  }
  void Applied(const std::string& workspace, const engine::Engine& engine) {
    for (const engine::Event& event : engine.events()) {
      if (std::holds_alternative<engine::WorkspaceApplied>(event.body)) {
        return Loaded(workspace, engine);
      }
    }
  }
  void Dropped(const std::string& workspace) {
    sync::MutexLock lock(mutex_);
    names_.erase(workspace);
  }

  bool Has(const std::string& workspace) const {
    sync::MutexLock lock(mutex_);
    return names_.count(workspace) != 0;
  }

 private:
  mutable sync::Mutex mutex_;
  std::set<std::string> names_ FIRSTLINE_GUARDED_BY(mutex_);
};

}  // namespace firstline::api
