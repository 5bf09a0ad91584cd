// Times, spans, enumerations and requirements from proto to engine; the other way they are written
// by store/public_messages.h, which events use as well.
//
// Every `Read` checks what it reads and reports what is wrong to `fields`; its result is then only
// good for reading on. Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "firstline/v1/common.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/router/api/fields.h"
#include "services/router/engine/config.h"
#include "services/router/engine/types.h"
#include "services/router/store/public_enums.h"

namespace firstline::api {

// Years 1970 to 9999; finer than a microsecond is cut off.
engine::Time ReadTime(const google::protobuf::Timestamp& time, const Path& path, Fields& fields);
// 0 to 30 days; finer than a microsecond is cut off.
engine::Span ReadSpan(const google::protobuf::Duration& span, const Path& path, Fields& fields);

// The engine's value for a proto's; UNSPECIFIED and unknown numbers are refused.
template <class Proto>
auto ReadEnum(Proto value, const Path& path, Fields& fields) {
  const auto read = store::FromProto(value);
  if (!read) fields.Fail(path, value == Proto{} ? "is required" : "has an unknown value");
  return read.value_or(typename decltype(read)::value_type{});
}
// The same, but UNSPECIFIED is read as `unspecified`.
template <class Proto, class Engine>
Engine ReadEnumOr(Proto value, Engine unspecified, const Path& path, Fields& fields) {
  return value == Proto{} ? unspecified : ReadEnum(value, path, fields);
}

// Checked but for the list it stands in.
engine::Condition ReadCondition(const v1::Condition& proto, const Path& path, Fields& fields);

engine::RequirementSpec ReadRequirement(const v1::Requirement& proto, const Path& path,
                                        Fields& fields);

// `<inquiry id>/<n>`, n from 1.
struct OfferId {
  std::string inquiry_id;
  uint32_t number = 0;
};
OfferId ReadOfferId(std::string_view text, const Path& path, Fields& fields);

}  // namespace firstline::api
