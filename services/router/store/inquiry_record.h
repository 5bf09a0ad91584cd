// Inquiries as records. Names instead of handles, times as offsets from the creation.
//
// Threads: pure functions of an engine that does not change meanwhile; decoding interns names in
// it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/router/engine/engine.h"

namespace firstline::store {

std::string EncodeInquiry(const engine::Engine& engine, const engine::Inquiry& inquiry);

// DATA_LOSS when a number is out of its range or parts contradict each other (held without an agent
// to hold it for, assigned to nobody). `engine` has its configuration and agents restored.
absl::StatusOr<engine::Inquiry> DecodeInquiry(std::string_view id, std::string_view bytes,
                                              engine::Engine& engine);

}  // namespace firstline::store
