#include "common/redis/error.h"

#include <array>
#include <cassert>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"

namespace firstline::redis {
namespace {

struct KindEntry {
  ErrorKind kind;
  std::string_view name;
  std::string_view reason;
  absl::StatusCode code;
};

constexpr std::array<KindEntry, 6> kKinds = {{
    {ErrorKind::kNone, "none", "", absl::StatusCode::kOk},
    {ErrorKind::kRefused, "refused", "REDIS_REFUSED", absl::StatusCode::kUnavailable},
    {ErrorKind::kNoScript, "no_script", "REDIS_NO_SCRIPT", absl::StatusCode::kFailedPrecondition},
    {ErrorKind::kMoved, "moved", "REDIS_MOVED", absl::StatusCode::kFailedPrecondition},
    {ErrorKind::kDisconnected, "disconnected", "REDIS_DISCONNECTED",
     absl::StatusCode::kUnavailable},
    {ErrorKind::kOther, "other", "REDIS_OTHER", absl::StatusCode::kInternal},
}};

struct WordEntry {
  std::string_view word;
  ErrorKind kind;
};

constexpr std::array<WordEntry, 12> kWords = {{
    {"OOM", ErrorKind::kRefused},
    {"MISCONF", ErrorKind::kRefused},
    {"READONLY", ErrorKind::kRefused},
    {"LOADING", ErrorKind::kRefused},
    {"BUSY", ErrorKind::kRefused},
    {"TRYAGAIN", ErrorKind::kRefused},
    {"CLUSTERDOWN", ErrorKind::kRefused},
    {"MASTERDOWN", ErrorKind::kRefused},
    {"NOREPLICAS", ErrorKind::kRefused},
    {"NOSCRIPT", ErrorKind::kNoScript},
    {"MOVED", ErrorKind::kMoved},
    {"ASK", ErrorKind::kMoved},
}};

ErrorKind ClassifyWord(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  for (const WordEntry& entry : kWords) {
    if (entry.word == word) return entry.kind;
  }
  return ErrorKind::kOther;
}

}  // namespace

ErrorKind KindOf(const absl::Status& status) {
  if (status.ok()) return ErrorKind::kNone;
  const std::string reason = status::ReasonOf(status);
  for (const KindEntry& entry : kKinds) {
    if (entry.reason == reason && entry.kind != ErrorKind::kNone) return entry.kind;
  }
  return ErrorKind::kOther;
}

std::string_view KindName(ErrorKind kind) { return kKinds[static_cast<std::size_t>(kind)].name; }

ErrorKind ClassifyServerError(std::string_view text) {
  const ErrorKind direct = ClassifyWord(text);
  if (direct != ErrorKind::kOther) return direct;
  // Redis 6 wraps what a script ran into: "ERR Error running script (...): @user_script:1: -OOM .."
  if (!text.starts_with("ERR Error running script")) return ErrorKind::kOther;
  const std::size_t inner = text.find(" -");
  return inner == std::string_view::npos ? ErrorKind::kOther : ClassifyWord(text.substr(inner + 2));
}

absl::Status MakeError(ErrorKind kind, std::string_view message) {
  assert(kind != ErrorKind::kNone);
  const KindEntry& entry = kKinds[static_cast<std::size_t>(kind)];
  return status::Error(entry.code, message, {.reason = std::string(entry.reason)});
}

absl::Status ServerError(std::string_view text) {
  return MakeError(ClassifyServerError(text),
                   absl::StrCat("Redis: ", absl::string_view(text.data(), text.size())));
}

}  // namespace firstline::redis
