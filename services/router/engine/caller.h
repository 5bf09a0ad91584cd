// Who asked for a command, as its events tell it. The engine carries it and decides nothing by it:
// who may do what was settled before.
//
// Threads: a value; one is shared by every command of its caller.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace firstline::engine {

enum class CallerRole : uint8_t { kUnknown, kPlatform, kAgent, kSupervisor, kOperator, kVendor };

struct Caller {
  CallerRole role = CallerRole::kUnknown;
  std::string subject;       // of its token or certificate
  std::string agent_id;      // as whom the token lets it act
  std::string on_behalf_of;  // as the caller says
  friend bool operator==(const Caller&, const Caller&) = default;
};
// Null: nobody is known.
using CallerRef = std::shared_ptr<const Caller>;

}  // namespace firstline::engine
