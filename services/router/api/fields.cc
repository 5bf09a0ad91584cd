#include "services/router/api/fields.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

bool IsPrintable(char c) { return c > 0x20 && c < 0x7F; }
bool IsWorkspaceChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::string Path::Text() const {
  std::string text = parent_ == nullptr ? std::string() : parent_->Text();
  if (index_ >= 0) return absl::StrCat(text, "[", index_, "]");
  return text.empty() ? std::string(name_) : absl::StrCat(text, ".", std::string(name_));
}

bool Fields::Fail(const Path& path, std::string_view problem) {
  if (violations_.size() < limits::kViolationsMax) {
    violations_.push_back({path.Text(), std::string(problem)});
  }
  return false;
}

bool Fields::Printable(const Path& path, std::string_view value, size_t max) {
  if (value.size() > max) {
    return Fail(path, absl::StrCat(value.size(), " bytes, at most ", max, " are allowed"));
  }
  if (!std::all_of(value.begin(), value.end(), IsPrintable)) {
    return Fail(path, "must be printable ASCII without spaces");
  }
  return true;
}

bool Fields::Id(const Path& path, std::string_view value) {
  if (value.empty()) return Fail(path, "is required");
  return Printable(path, value, engine::limits::kIdBytesMax);
}

bool Fields::OptionalId(const Path& path, std::string_view value) {
  return value.empty() || Id(path, value);
}

bool Fields::Name(const Path& path, std::string_view value) {
  if (value.empty()) return Fail(path, "is required");
  return Printable(path, value, engine::limits::kNameBytesMax);
}

bool Fields::OptionalName(const Path& path, std::string_view value) {
  return value.empty() || Name(path, value);
}

bool Fields::Workspace(const Path& path, std::string_view value) {
  if (value.empty()) return Fail(path, "is required");
  if (value.size() > limits::kWorkspaceNameBytesMax) {
    return Fail(path, absl::StrCat(value.size(), " bytes, at most ",
                                   limits::kWorkspaceNameBytesMax, " are allowed"));
  }
  if (!std::all_of(value.begin(), value.end(), IsWorkspaceChar)) {
    return Fail(path, "must be letters, digits, '.', '_' or '-'");
  }
  return true;
}

bool Fields::OptionalToken(const Path& path, std::string_view value) {
  return Printable(path, value, engine::limits::kRequestIdBytesMax);
}

bool Fields::Range(const Path& path, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return true;
  return Fail(path, absl::StrCat(value, " is not in ", low, "..", high));
}

bool Fields::AtMost(const Path& path, size_t count, size_t max) {
  if (count <= max) return true;
  return Fail(path, absl::StrCat(count, " entries, at most ", max, " are allowed"));
}

bool Fields::Bytes(const Path& path, std::string_view value, size_t max) {
  if (value.size() <= max) return true;
  return Fail(path, absl::StrCat(value.size(), " bytes, at most ", max, " are allowed"));
}

absl::Status Fields::Error() const {
  const status::FieldViolation& first = violations_.front();
  return status::Error(absl::StatusCode::kInvalidArgument,
                       absl::StrCat(first.field, ": ", first.description),
                       {.reason = "INVALID_FIELD", .violations = violations_});
}

}  // namespace firstline::api
