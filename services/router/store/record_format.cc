#include "services/router/store/record_format.h"

#include <limits>

#include "absl/strings/str_cat.h"

namespace firstline::store {

std::string Pack(const google::protobuf::MessageLite& message, char version) {
  std::string bytes;
  bytes.reserve(1 + message.ByteSizeLong());
  bytes.push_back(version);
  message.AppendToString(&bytes);
  return bytes;
}

absl::Status Unpack(std::string_view bytes, google::protobuf::MessageLite& message) {
  if (bytes.empty()) return Unreadable("empty");
  const int version = static_cast<unsigned char>(bytes.front());
  if (version > kRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "format version ", version, "; this program reads up to ", int{kRecordVersion}));
  }
  if (version < kFirstVersion) return Unreadable(absl::StrCat("format version ", version));
  bytes.remove_prefix(1);
  if (bytes.size() > std::numeric_limits<int>::max()) return Unreadable("too large");
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Unreadable("not a protobuf message of its kind");
  }
  return absl::OkStatus();
}

absl::Status Unreadable(std::string_view problem) {
  return absl::DataLossError(absl::string_view(problem.data(), problem.size()));
}

int64_t ToOffset(engine::Time time, engine::Time base) {
  if (!time.IsSet()) return 0;
  const int64_t distance = (time - base).us;
  return distance >= 0 ? distance + 1 : distance;
}

engine::Time FromOffset(int64_t offset, engine::Time base) {
  if (offset == 0) return {};
  const int64_t distance = offset > 0 ? offset - 1 : offset;
  int64_t us = 0;
  if (__builtin_add_overflow(base.us, distance, &us)) return {};
  return {us};
}

}  // namespace firstline::store
