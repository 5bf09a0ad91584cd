// Puts together what StatusService and /statusz tell: from the pod on its own thread, from the store
// on the asking one.
//
//   StatusReporter reporter({.loop = loop, .book = book, .clock = clock, ...});
//   StatusReport report = reporter.Read();                 // waits for the store
//   reporter.ReadLater([](absl::StatusOr<StatusReport>) {  // does not
//     ...
//   });
//
// Threads: Read and ReadLater from any but the loop's; callbacks run on a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/sync/bounded_inbox.h"
#include "common/sync/owned_thread.h"
#include "services/router/api/status_report.h"
#include "services/router/runtime/loop.h"
#include "services/router/store/redis_inspection.h"
#include "services/router/telemetry/status_book.h"

namespace firstline::router {

// Workspaces in a report: what a page shows and a message carries, some 40 kB.
inline constexpr size_t kReportedWorkspacesMax = 200;

class StatusReporter {
 public:
  using Done = std::function<void(absl::StatusOr<api::StatusReport>)>;
  struct Sources {
    runtime::Loop& loop;
    const telemetry::StatusBook& book;  // read on the loop's thread
    const clock::Clock& clock;
    std::string version;
    std::string address;
    bool driven_clock = false;
    std::string store_address;  // "" for memory
    // Asks Redis; may block for its timeouts. Called by one thread at a time.
    std::function<absl::StatusOr<store::RedisFacts>()> inspect;
  };

  // What `sources` refer to must outlive it.
  explicit StatusReporter(Sources sources);
  // Answers what waits, then joins.
  ~StatusReporter();

  api::StatusReport Read();
  // `done` is called once. RESOURCE_EXHAUSTED / OVERLOADED when too many wait already.
  void ReadLater(Done done);

 private:
  void ReadPod(api::StatusReport& report, const runtime::Pod& pod) const;
  void Serve();

  const Sources sources_;
  const std::chrono::nanoseconds start_time_;
  sync::Mutex store_mutex_;  // held while the store is asked
  sync::BoundedInbox<Done> waiting_;
  sync::OwnedThread thread_;
};

}  // namespace firstline::router
