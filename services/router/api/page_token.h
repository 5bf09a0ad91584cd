// Page tokens of lists that follow the engine's dense handles: where the next page begins, in which
// term of ownership (handles are given anew by every owner) and under which filters.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace firstline::api {

struct PageToken {
  uint64_t epoch = 0;  // of the workspace's owner; 0: the first page
  uint32_t next = 0;   // handle where the page begins
};
// `filter`: everything but size and token of the request, as text.
std::string WritePageToken(PageToken token, std::string_view filter);
// The first page for an empty token. INVALID_ARGUMENT / INVALID_PAGE_TOKEN for one that is
// malformed or of another list. That the epoch is the present one is for the caller to check.
absl::StatusOr<PageToken> ReadPageToken(std::string_view token, std::string_view filter);
absl::Status InvalidPageToken();

// 1 to 1000 items a page; 0: 100.
int PageSize(int32_t asked);

}  // namespace firstline::api
