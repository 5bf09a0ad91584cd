// One JSON object a line on standard error: what a collector can read without rules.
//
//   log::Info("workspace acquired", {{"workspace", name}, {"epoch", epoch}});
//   {"ts":"2026-01-02T03:04:05.678901Z","level":"info","msg":"workspace acquired","workspace":...}
//
// The message is a constant text; what varies goes into fields. Text that is not UTF-8 is repaired
// with U+FFFD, so every line parses. Never log what customers wrote, nor secrets.
//
// Thread rule: any thread; lines are written whole.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace firstline::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

// "debug", "info", "warning" (or "warn"), "error", "off"; nothing for any other text.
std::optional<Level> ParseLevel(std::string_view text);
std::string_view LevelName(Level level);

// A key and a text, number or truth value. Refers to texts and does not copy them: meant to live as
// a temporary in a call. The keys ts, level and msg are taken: a field so named gets a '_' added.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  template <typename T>
  Field(std::string_view field_key, const T& field_value)
      : key(field_key), value(ToValue(field_value)) {}

  std::string_view key;
  Value value;

 private:
  template <typename T>
  static Value ToValue(const T& v) {
    if constexpr (std::same_as<T, bool>) {
      return v;
    } else if constexpr (std::floating_point<T>) {
      return static_cast<double>(v);
    } else if constexpr (std::signed_integral<T>) {
      return static_cast<std::int64_t>(v);
    } else if constexpr (std::unsigned_integral<T>) {
      return static_cast<std::uint64_t>(v);
    } else if constexpr (std::convertible_to<T, std::string_view>) {
      return std::string_view(v);
    } else {
      return std::string_view(v.data(), v.size());  // absl::string_view and its like.
    }
  }
};

using Fields = std::initializer_list<Field>;

// Lines below `level` are dropped; kOff drops all. At start: kInfo.
void SetLevel(Level level);
bool IsEnabled(Level level);

// Writes one line, flushed at once. `level` is not kOff. Never throws; a line that cannot be
// written is lost.
void Log(Level level, std::string_view message, Fields fields = {});

inline void Debug(std::string_view message, Fields fields = {}) {
  Log(Level::kDebug, message, fields);
}
inline void Info(std::string_view message, Fields fields = {}) {
  Log(Level::kInfo, message, fields);
}
inline void Warning(std::string_view message, Fields fields = {}) {
  Log(Level::kWarning, message, fields);
}
inline void Error(std::string_view message, Fields fields = {}) {
  Log(Level::kError, message, fields);
}

// The line that Log writes, without the line end. `system_time` counts from 1970.
std::string FormatLine(std::chrono::nanoseconds system_time, Level level, std::string_view message,
                       Fields fields);

}  // namespace firstline::log
