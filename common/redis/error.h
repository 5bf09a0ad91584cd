// What a failed Redis call means for whoever made it.
//
// Every error of this library is an absl::Status that KindOf can read. The kinds answer the only
// question a caller has: was it done, and what is to be done now?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace firstline::redis {

enum class ErrorKind {
  // The status is OK.
  kNone,
  // Redis refused before doing anything and may take the identical call later: OOM, MISCONF,
  // READONLY, LOADING, BUSY, TRYAGAIN, CLUSTERDOWN, MASTERDOWN, NOREPLICAS.
  kRefused,
  // Nothing was done: the script is not in the server's cache. Load it, then call again.
  kNoScript,
  // Nothing was done: the key lives on another node (MOVED, ASK).
  kMoved,
  // No answer: the connection failed, broke or timed out. What had been sent may have been done, or
  // may yet be done.
  kDisconnected,
  // The call itself is wrong, or the server answered what it should not: ERR, WRONGTYPE, NOAUTH,
  // NOPERM, EXECABORT (the refused command's own reply has the cause), an unexpected type of reply.
  kOther,
};

ErrorKind KindOf(const absl::Status& status);
std::string_view KindName(ErrorKind kind);

// The kind of an error reply, given its text without the leading '-'. Never kNone. Errors raised by
// a command inside a script count like those of the command, whichever Redis reports them.
// A script may have written before its error: a script that wants kRefused to mean "nothing done"
// must make its first write the one that can be refused.
ErrorKind ClassifyServerError(std::string_view text);

// Slots of a cluster.
inline constexpr int kSlots = 16'384;

// Where an error of kind kMoved sends its reader. `ask`: for this one command, after ASKING, because
// the slot is being moved; otherwise the slot is there from now on.
struct Redirection {
  bool ask = false;
  int slot = 0;
  std::string host;  // empty: the host of the server that said so
  std::uint16_t port = 0;
};
// `message`: of such a status. nullopt for any other.
std::optional<Redirection> RedirectionOf(std::string_view message);
// `message`: of a status that says that the server is no primary (READONLY).
bool IsDemotion(std::string_view message);

// Statuses of each kind: kRefused and kDisconnected are UNAVAILABLE, kNoScript and kMoved
// FAILED_PRECONDITION, kOther INTERNAL; the reason is REDIS_<KIND>. `kind` is not kNone.
absl::Status MakeError(ErrorKind kind, std::string_view message);
absl::Status ServerError(std::string_view text);

}  // namespace firstline::redis
