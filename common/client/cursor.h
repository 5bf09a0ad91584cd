// Event ids, `<epoch>-<n>`, and their order.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace firstline::client {

struct Cursor {
  std::uint64_t epoch = 0;
  std::uint64_t n = 0;
  friend auto operator<=>(const Cursor&, const Cursor&) = default;
};

std::string ToString(Cursor cursor);
// Nothing for text of another form.
std::optional<Cursor> ParseCursor(std::string_view text);

// Both are readable and `reached` is at or behind `wanted`: whoever has read up to `reached` has
// seen `wanted`, if both are of one history (see trail.h).
bool HasReached(std::string_view reached, std::string_view wanted);

}  // namespace firstline::client
