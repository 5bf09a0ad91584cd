// Configuration, counters and remembered requests as records.
//
// Decoding checks what the engine relies on: enumerations, ranges, bounds, references
// (engine::CheckConfig). What does not pass is DATA_LOSS.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "firstline/internal/v1/config_record.pb.h"
#include "firstline/internal/v1/record.pb.h"
#include "services/router/engine/engine.h"

namespace firstline::store {

std::string EncodeConfig(const engine::WorkspaceConfig& config);
absl::StatusOr<engine::WorkspaceConfig> DecodeConfig(std::string_view bytes);

std::string EncodeCounters(const engine::Counters& counters);
absl::StatusOr<engine::Counters> DecodeCounters(std::string_view bytes);

std::string EncodeRequest(const engine::RememberedRequest& request);
absl::StatusOr<engine::RememberedRequest> DecodeRequest(std::string_view id,
                                                        std::string_view bytes);

// ---- Shared with the other records ----

void WriteRecord(const engine::Condition& condition, internal::v1::ConditionRecord* out);
absl::StatusOr<engine::Condition> ReadRecord(const internal::v1::ConditionRecord& record);
// Whether it says what format version 1 cannot.
bool HasPolicies(const engine::RequirementSpec& spec);
void WriteRecord(const engine::RequirementSpec& spec, internal::v1::RequirementRecord* out);
// Within the bounds of an inquiry's requirement.
absl::StatusOr<engine::RequirementSpec> ReadRecord(const internal::v1::RequirementRecord& record);

using LevelRecords = google::protobuf::RepeatedPtrField<internal::v1::Level>;
void WriteLevels(const std::vector<engine::SkillLevel>& levels, LevelRecords* out);
std::vector<engine::SkillLevel> ReadLevels(const LevelRecords& records);

}  // namespace firstline::store
