// The frame of every record: one byte that names the version of the format, then a protobuf message
// of firstline/internal/v1/record.proto.
//
// Threads: pure functions.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/router/engine/types.h"

namespace firstline::store {

// A record is written in the lowest version that says all of it: version 2 adds routing policies
// that a reader of version 1 would leave out and so route otherwise. A workspace that uses none of
// them can still be opened by the program before.
inline constexpr char kRecordVersion = 2;
inline constexpr char kFirstVersion = 1;
constexpr char VersionFor(bool has_policies) { return has_policies ? kRecordVersion : kFirstVersion; }

std::string Pack(const google::protobuf::MessageLite& message, char version = kFirstVersion);

// Fills `message`. FAILED_PRECONDITION: a newer version wrote it, and nothing of that state may be
// opened. DATA_LOSS: it is no record.
absl::Status Unpack(std::string_view bytes, google::protobuf::MessageLite& message);

inline bool IsNewer(const absl::Status& status) {
  return status.code() == absl::StatusCode::kFailedPrecondition;
}

absl::Status Unreadable(std::string_view problem);

// A time as an offset from `base`; see record.proto. Inverse of each other for times whose distance
// from `base` fits; an offset that leads out of range gives an unset time.
int64_t ToOffset(engine::Time time, engine::Time base);
engine::Time FromOffset(int64_t offset, engine::Time base);

}  // namespace firstline::store
