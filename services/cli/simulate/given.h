// Customers whose arrivals were recorded.
//
// Thread rule: pure but for reading a file.
#pragma once

#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"
#include "services/cli/simulate/model.h"

namespace firstline::simulate {

// A CSV with column arrival_s, and if it has them service_s and patience_s; numbers of seconds,
// with fractions. Sorted by arrival. On error INVALID_ARGUMENT, NOT_FOUND if there is no such file.
absl::StatusOr<std::vector<GivenCustomer>> ReadGiven(const std::filesystem::path& path);

}  // namespace firstline::simulate
