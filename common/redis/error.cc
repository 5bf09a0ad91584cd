#include "common/redis/error.h"

#include <array>
#include <cassert>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/reason.h"

namespace firstline::redis {
namespace {

constexpr std::string_view kFromServer = "Redis: ";

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

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
  return MakeError(ClassifyServerError(text), absl::StrCat(Absl(kFromServer), Absl(text)));
}

// "MOVED 3999 127.0.0.1:6381", "ASK 3999 [::1]:6381", "MOVED 3999 :6381"
std::optional<Redirection> RedirectionOf(std::string_view message) {
  if (!message.starts_with(kFromServer)) return std::nullopt;
  const std::vector<std::string> words =
      absl::StrSplit(Absl(message.substr(kFromServer.size())), ' ');
  if (words.size() < 3 || (words[0] != "MOVED" && words[0] != "ASK")) return std::nullopt;
  Redirection redirection;
  redirection.ask = words[0] == "ASK";
  const std::size_t colon = words[2].rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(words[1], &redirection.slot) ||
      !absl::SimpleAtoi(words[2].substr(colon + 1), &port) || port == 0 || port > 65535 ||
      redirection.slot < 0 || redirection.slot >= kSlots) {
    return std::nullopt;
  }
  redirection.host = words[2].substr(0, colon);
  redirection.port = static_cast<std::uint16_t>(port);
  return redirection;
}

bool IsDemotion(std::string_view message) {
  return absl::StrContains(Absl(message), "READONLY");
}

}  // namespace firstline::redis
