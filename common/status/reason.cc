#include "common/status/reason.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace firstline::status {
namespace {

constexpr char kPayloadUrl[] = "firstline/error_info";
constexpr std::size_t kReasonBytesMax = 63;

// The attachment is a sequence of strings, each written as "<length>:<bytes>": reason, delay in
// milliseconds or nothing, number of metadata entries, their keys and values, number of violations,
// their fields and descriptions. It never leaves the process, so it carries no version.
class Writer {
 public:
  void Put(std::string_view text) {
    absl::StrAppend(&out_, text.size(), ":");
    out_.append(text);
  }
  void PutCount(std::size_t count) { Put(absl::StrCat(count)); }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what Writer wrote. The first malformed item makes it fail, and it stays failed.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  std::string Get() {
    const std::size_t colon = in_.find(':');
    std::uint64_t size = 0;
    if (colon == std::string_view::npos || !Number(in_.substr(0, colon), size) ||
        size > in_.size() - colon - 1) {
      failed_ = true;
      in_ = {};
      return {};
    }
    std::string text(in_.substr(colon + 1, size));
    in_.remove_prefix(colon + 1 + size);
    return text;
  }

  std::uint64_t GetCount() {
    std::uint64_t count = 0;
    if (!Number(Get(), count)) failed_ = true;
    return failed_ ? 0 : count;
  }

  bool failed() const { return failed_; }
  bool Finished() const { return !failed_ && in_.empty(); }

 private:
  static bool Number(std::string_view text, std::uint64_t& value) {
    return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &value);
  }

  std::string_view in_;
  bool failed_ = false;
};

std::string Encode(const ErrorInfo& info) {
  Writer writer;
  writer.Put(info.reason);
  writer.Put(info.retry_after ? absl::StrCat(info.retry_after->count()) : std::string());
  writer.PutCount(info.metadata.size());
  for (const auto& [key, value] : info.metadata) {
    writer.Put(key);
    writer.Put(value);
  }
  writer.PutCount(info.violations.size());
  for (const FieldViolation& violation : info.violations) {
    writer.Put(violation.field);
    writer.Put(violation.description);
  }
  return writer.Take();
}

std::optional<ErrorInfo> Decode(std::string_view bytes) {
  Reader reader(bytes);
  ErrorInfo info;
  info.reason = reader.Get();
  const std::string delay = reader.Get();
  if (!delay.empty()) {
    std::int64_t delay_ms = 0;
    if (!absl::SimpleAtoi(delay, &delay_ms)) return std::nullopt;
    info.retry_after = std::chrono::milliseconds(delay_ms);
  }
  for (std::uint64_t left = reader.GetCount(); left > 0 && !reader.failed(); --left) {
    std::string key = reader.Get();
    info.metadata[std::move(key)] = reader.Get();
  }
  for (std::uint64_t left = reader.GetCount(); left > 0 && !reader.failed(); --left) {
    std::string field = reader.Get();
    info.violations.push_back({std::move(field), reader.Get()});
  }
  if (!reader.Finished()) return std::nullopt;
  return info;
}

}  // namespace

absl::Status Error(absl::StatusCode code, std::string_view message, const ErrorInfo& info) {
  assert(code != absl::StatusCode::kOk);
  assert(IsReason(info.reason));
  absl::Status status(code, absl::string_view(message.data(), message.size()));
  SetErrorInfo(status, info);
  return status;
}

void SetErrorInfo(absl::Status& status, const ErrorInfo& info) {
  if (status.ok()) return;
  status.SetPayload(kPayloadUrl, absl::Cord(Encode(info)));
}

std::optional<ErrorInfo> GetErrorInfo(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload) return std::nullopt;
  return Decode(std::string(*payload));
}

std::string ReasonOf(const absl::Status& status) {
  std::optional<ErrorInfo> info = GetErrorInfo(status);
  return info ? std::move(info->reason) : std::string();
}

bool IsReason(std::string_view text) {
  if (text.empty() || text.size() > kReasonBytesMax) return false;
  if (text.front() < 'A' || text.front() > 'Z') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace firstline::status
