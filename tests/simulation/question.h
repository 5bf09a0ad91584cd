// What clients of the routers ask, and what they hear.
#pragma once

#include <any>
#include <cstdint>
#include <functional>
#include <variant>

#include "services/router/engine/command.h"
#include "services/router/engine/engine.h"
#include "services/router/runtime/call.h"

namespace firstline::simulation {

using store::EventId;
using store::WorkspaceId;

// Copies out of the state what the caller wants to see.
using Read = std::function<std::any(const engine::Engine&)>;

struct Question {
  WorkspaceId workspace;
  std::variant<engine::Command, Read> body;
  bool create_if_missing = false;
  int64_t patience_us = 0;  // 0: as long as the gateway has it
  int hops = 0;             // pods that sent it on
  bool is_command() const { return std::holds_alternative<engine::Command>(body); }
};

struct Heard {
  runtime::Answer answer;
  std::any value;  // what the Read gave
};
using Hear = std::function<void(const Heard&)>;

}  // namespace firstline::simulation
