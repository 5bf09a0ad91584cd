// Page tokens of lists: where the next page begins and under which filters, sealed with a key of this
// process (AES-256-GCM), so that they tell nobody of what lies between the pages, which the caller may
// not see. Lists are served by the workspace's owner: with another owner tokens are of no more use, as
// places are not.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace firstline::api {

// `place`: at most kPlaceBytesMax. `filter`: everything but size and token of the request, as text.
std::string SealPageToken(std::string_view place, std::string_view filter);
// The place. INVALID_ARGUMENT / INVALID_PAGE_TOKEN for a token that is malformed, of another list or
// of another process.
absl::StatusOr<std::string> OpenPageToken(std::string_view token, std::string_view filter);
inline constexpr size_t kPlaceBytesMax = 256;

// Places of lists that follow the engine's dense handles, which every owner gives anew.
struct PageToken {
  uint64_t epoch = 0;  // of the workspace's owner; 0: the first page
  uint32_t next = 0;   // handle where the page begins
};
std::string WritePageToken(PageToken token, std::string_view filter);
// The first page for an empty token; else as OpenPageToken. That the epoch is the present one is for
// the caller to check.
absl::StatusOr<PageToken> ReadPageToken(std::string_view token, std::string_view filter);
absl::Status InvalidPageToken();

// 1 to 1000 items a page; 0: 100.
int PageSize(int32_t asked);

}  // namespace firstline::api
