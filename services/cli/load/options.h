// What a load is: how customers come, who serves them, for how long, by which calls.
//
// Thread rule: values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "firstline/v1/workspace.pb.h"

namespace firstline::load {

// How the rate of arrivals goes over time. All but kConstant draw the gaps by chance: arrivals are
// a Poisson process with that rate.
enum class Pattern {
  kConstant,  // evenly, `rate` a second
  kPoisson,   // `rate` a second
  kRamp,      // from `ramp_from` to `rate`, linearly over the duration
  kBurst,     // `rate`, and `burst_factor` times that for `burst_length` in every `burst_every`
  kDay,       // a day of a contact centre with two peaks, in `day_length`; `rate` is its mean
};

struct Arrival {
  Pattern pattern = Pattern::kConstant;
  double rate = 0;  // inquiries a second; 0: closed loop
  double ramp_from = 0;
  double burst_factor = 5;
  std::chrono::nanoseconds burst_every = std::chrono::seconds(10);
  std::chrono::nanoseconds burst_length = std::chrono::seconds(1);
  // When the first burst begins.
  std::chrono::nanoseconds burst_after = std::chrono::seconds(0);
  // 0: the whole of the load.
  std::chrono::nanoseconds day_length = std::chrono::nanoseconds(0);
};

enum class Calls {
  kStream,  // batches on RoutingService.Commands
  kUnary,   // a call each
};

// What is known while it runs.
struct Progress {
  std::chrono::nanoseconds elapsed;  // since the first arrival, warm-up included
  std::uint64_t submitted = 0;       // acknowledged
  std::uint64_t shed = 0;            // inquiries refused for now
  std::uint64_t closed = 0;
  std::uint64_t open = 0;            // neither refused nor closed
};

struct LoadOptions {
  // Open loop: inquiries come by the clock, whatever becomes of those before (`arrival.rate` above
  // 0). Closed loop: `outstanding` customers, each of whom comes back when served.
  Arrival arrival;
  std::size_t outstanding = 64;

  std::chrono::nanoseconds warm_up = std::chrono::seconds(2);
  std::chrono::nanoseconds duration = std::chrono::seconds(10);  // after the warm-up
  // Ends earlier, after this many inquiries have come; 0: by time alone.
  std::uint64_t count = 0;
  // How long conversations under way may take to end once nobody comes any more.
  std::chrono::nanoseconds drain = std::chrono::seconds(10);
  std::uint64_t seed = 1;

  // Agents available all the time, spread over sessions; 0: inquiries are submitted and wait.
  int agents = 100;
  int capacity = 4;   // units of an agent; an inquiry takes one
  int sessions = 1;   // streams on which agents are told their work, 20,000 agents each at most
  // Reply and end come one half of this after the other; 0: at once.
  std::chrono::nanoseconds handle = std::chrono::nanoseconds(0);
  bool handle_by_chance = true;  // exponentially distributed with that mean; else always equal

  // Inquiries are spread over queues by chance; each queue asks for a skill of its own, and an
  // agent has two skills by chance.
  int queues = 4;
  int queue_length_max = 0;       // of each; 0: no bound
  int attribute_bytes = 100;      // carried by an inquiry
  // Used instead of a workspace made from the above if it has an id. Agents are added if it has
  // none.
  v1::Workspace workspace = {};
  std::string workspace_id = "load";
  bool replace = false;  // delete a workspace of that name first
  // The workspace is there: an earlier load with the same options kept it.
  bool reuse = false;
  bool keep = false;     // leave the workspace, and what is open, behind

  Calls calls = Calls::kStream;
  // Connections (unary) or streams over which submissions are spread. What agents do has a stream
  // or connection of its own.
  int streams = 4;
  // At the end the history is read and compared with what was answered.
  bool check = true;
  // Called about four times a second, on the thread of Run.
  std::function<void(const Progress&)> progress = nullptr;
};

// How long the load lasts, warm-up included.
inline std::chrono::nanoseconds Length(const LoadOptions& options) {
  return options.warm_up + options.duration;
}

}  // namespace firstline::load
