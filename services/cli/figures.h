// The one source of figures: those of a moment for `queue stats`, and those that `top`, `queue watch`
// and `agent watch` show again and again.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/client/stats_watch.h"
#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"
#include "firstline/v1/agent.pb.h"
#include "firstline/v1/stats_service.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/cli/context.h"

namespace firstline::cli {

struct FiguresWanted {
  bool queues = false, agents = false, agent_stats = false;
  std::string queue = {};  // empty: all
  std::string team = {};   // empty: all
};

struct Figures {
  // Workspace time: what deadlines in `agents` are compared with.
  google::protobuf::Timestamp time;
  v1::GetQueueStatsResponse queues;
  std::vector<v1::AgentStatus> agents;  // by ascending id
  std::map<std::string, v1::AgentStats> agent_stats;
};

// The figures of queues, asked for once; empty: all. Throws Failure.
v1::GetQueueStatsResponse ReadQueueStats(Context& context, const std::string& queue);

// Figures that stay up to date. Those of queues come on a stream, which tells what changed and is
// opened again when it breaks; agents have none that leaves their presence alone, so that they are
// asked for each time.
class LiveFigures {
 public:
  // `interval` is how often Read() is going to be called; the stream tells no more often, nor more
  // often than every half second. `context` must outlive it.
  LiveFigures(Context& context, const FiguresWanted& wanted, std::chrono::nanoseconds interval);
  ~LiveFigures();
  LiveFigures(const LiveFigures&) = delete;
  LiveFigures& operator=(const LiveFigures&) = delete;

  // The figures of now. The first time waits for a router as long as any command does; later, one
  // that does not answer throws Failure with kUnavailable in two seconds at most, at once where the
  // stream is broken, and the next Read() may succeed. Any other Failure is the end.
  Figures Read();

 private:
  // What the stream told last.
  struct Told {
    bool any = false;                    // figures, once at least
    v1::GetQueueStatsResponse queues;    // by name
    std::optional<client::Error> error;  // what is the matter now
    bool failed = false;                 // and will not pass
  };

  void Follow();
  // Throws Failure when they are not to be had.
  v1::GetQueueStatsResponse QueuesNow();

  Context& context_;
  const FiguresWanted wanted_;
  bool read_before_ = false;
  std::optional<client::StatsWatch> watch_;
  sync::Mutex mutex_;
  sync::CondVar changed_;
  Told told_ FIRSTLINE_GUARDED_BY(mutex_);
  sync::OwnedThread thread_;
};

// At most `agents_max` agents, by ascending id; a word on standard error if there are more.
// `presences` and `team` empty: all. Throws Failure.
std::vector<v1::AgentStatus> ReadAgents(
    Context& context, const v1::ListAgentsRequest& filter,
    std::size_t agents_max = std::numeric_limits<std::size_t>::max(),
    const client::CallOptions& call = {});

}  // namespace firstline::cli
