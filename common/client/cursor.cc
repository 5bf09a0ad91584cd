#include "common/client/cursor.h"

#include <charconv>
#include <cstddef>
#include <string>

namespace firstline::client {
namespace {

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::string ToString(Cursor cursor) {
  return std::to_string(cursor.epoch) + "-" + std::to_string(cursor.n);
}

std::optional<Cursor> ParseCursor(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto epoch = ParseNumber(text.substr(0, dash));
  const auto n = ParseNumber(text.substr(dash + 1));
  if (!epoch || !n) return std::nullopt;
  return Cursor{*epoch, *n};
}

bool HasReached(std::string_view reached, std::string_view wanted) {
  const auto there = ParseCursor(reached);
  const auto goal = ParseCursor(wanted);
  return there && goal && *there >= *goal;
}

}  // namespace firstline::client
