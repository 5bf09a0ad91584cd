// Reads the history of a workspace, and what happens from then on, for commands.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "common/client/subscription.h"
#include "services/cli/context.h"

namespace firstline::cli {

struct FollowOptions {
  // `workspace` is filled in.
  client::Subscription::Options wanted;
  // Ends when nothing came for this long: the router does not say where history ends, silence does.
  // Not set: goes on until Ctrl-C.
  std::optional<std::chrono::nanoseconds> quiet = std::nullopt;
  // Hears of CURSOR_REWOUND: events after `cursor` never happened, or are given to `take` again.
  // For who keeps what it is given.
  std::function<void(const std::string& cursor)> taken_back = nullptr;
};

// Gives each event to `take`, in order, until it answers false, silence or Ctrl-C. Breaks in
// history are told on standard error: CURSOR_EXPIRED, CURSOR_REWOUND. Returns the cursor to go on
// from; empty if there is none. Throws Failure, at once when no router answers.
std::string Follow(Context& context, FollowOptions options,
                   const std::function<bool(const v1::Event&)>& take);

// One line: id, time, inquiry, queue, agent, what happened; or one object.
void ShowEvent(Context& context, const v1::Event& event);

}  // namespace firstline::cli
