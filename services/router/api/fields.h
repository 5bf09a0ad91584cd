// Checks the fields of a request and collects what is wrong with them, by path.
//
//   Fields fields;
//   const Path inquiry("inquiry");
//   fields.Id(inquiry / "id", spec.id());
//   for (int i = 0; ...) fields.Range(Path(skills, i) / "min_level", level, 1, 10);
//   if (!fields.ok()) return fields.Error();
//
// A path is a chain on the stack and becomes text only when something is wrong.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/status/reason.h"

namespace firstline::api {

// One step of a path. Refers to its parent, which must outlive it; `name` must too.
class Path {
 public:
  Path() = default;
  explicit Path(std::string_view name) : name_(name) {}
  Path(const Path& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Path(const Path& parent, int index) : parent_(&parent), index_(index) {}
  // "inquiry.requirement.skills[0].skill"; "" for the root.
  std::string Text() const;

 private:
  const Path* parent_ = nullptr;
  std::string_view name_;
  int index_ = -1;
};
inline Path operator/(const Path& parent, std::string_view name) { return Path(parent, name); }

class Fields {
 public:
  // Each returns whether the field is as it should be.
  bool Fail(const Path& path, std::string_view problem);
  // 1 to engine::limits::kIdBytesMax bytes of printable ASCII without spaces.
  bool Id(const Path& path, std::string_view value);
  bool OptionalId(const Path& path, std::string_view value);
  // 1 to engine::limits::kNameBytesMax bytes of the same.
  bool Name(const Path& path, std::string_view value);
  bool OptionalName(const Path& path, std::string_view value);
  // 1 to 64 letters, digits, '.', '_', '-'.
  bool Workspace(const Path& path, std::string_view value);
  // A request or session id: at most 64 bytes; may be empty.
  bool OptionalToken(const Path& path, std::string_view value);
  bool Range(const Path& path, int64_t value, int64_t low, int64_t high);
  bool AtMost(const Path& path, size_t count, size_t max);  // entries of a list or map
  bool Bytes(const Path& path, std::string_view value, size_t max);

  bool ok() const { return violations_.empty(); }
  // INVALID_ARGUMENT / INVALID_FIELD with the first violations. Only when !ok().
  absl::Status Error() const;

 private:
  bool Printable(const Path& path, std::string_view value, size_t max);

  std::vector<status::FieldViolation> violations_;
};

}  // namespace firstline::api
