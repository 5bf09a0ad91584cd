#include "services/router/api/page_token.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

// FNV-1a: a token is no secret, it only must not be taken for that of another list.
uint64_t HashOf(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return hash;
}

}  // namespace

std::string WritePageToken(PageToken token, std::string_view filter) {
  return absl::StrCat(absl::Hex(token.epoch), "-", absl::Hex(token.next), "-",
                      absl::Hex(HashOf(filter)));
}

absl::StatusOr<PageToken> ReadPageToken(std::string_view token, std::string_view filter) {
  if (token.empty()) return PageToken{};
  unsigned long long epoch = 0, next = 0, hash = 0;
  const std::string text(token);
  if (std::sscanf(text.c_str(), "%llx-%llx-%llx", &epoch, &next, &hash) != 3) {
    return InvalidPageToken();
  }
  const PageToken read{epoch, static_cast<uint32_t>(next)};
  // Anything that would not be written like this was not written by us.
  if (epoch == 0 || WritePageToken(read, filter) != text) return InvalidPageToken();
  return read;
}

absl::Status InvalidPageToken() {
  return status::Error(absl::StatusCode::kInvalidArgument, "not a page token of this list",
                       {.reason = "INVALID_PAGE_TOKEN",
                        .violations = {{"page_token", "not a page token of this list"}}});
}

int PageSize(int32_t asked) { return asked == 0 ? limits::kPageSizeDefault : asked; }

}  // namespace firstline::api
