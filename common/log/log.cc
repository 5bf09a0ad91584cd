#include "common/log/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace firstline::log {
namespace {

struct LevelEntry {
  Level level;
  std::string_view name;
  spdlog::level::level_enum spdlog_level;
};

constexpr std::array<LevelEntry, 5> kLevels = {{
    {Level::kDebug, "debug", spdlog::level::debug},
    {Level::kInfo, "info", spdlog::level::info},
    {Level::kWarning, "warning", spdlog::level::warn},
    {Level::kError, "error", spdlog::level::err},
    {Level::kOff, "off", spdlog::level::off},
}};

const LevelEntry& EntryOf(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

// Never destroyed, so that threads may log while statics of other files are being torn down.
spdlog::logger& Logger() {
  static spdlog::logger& logger = *[] {
    auto made = std::make_unique<spdlog::logger>(
        "firstline", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::debug);
    return made.release();
  }();
  return logger;
}

std::string Timestamp(std::chrono::nanoseconds system_time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(system_time);
  const auto micros = std::chrono::floor<std::chrono::microseconds>(system_time - seconds);
  const std::time_t whole_s = seconds.count();
  std::tm utc{};
  gmtime_r(&whole_s, &utc);
  std::array<char, 40> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s.%06dZ", date.data(),
                static_cast<int>(micros.count()));
  return text.data();
}

bool IsReservedKey(std::string_view key) { return key == "ts" || key == "level" || key == "msg"; }

}  // namespace

std::optional<Level> ParseLevel(std::string_view text) {
  if (text == "warn") return Level::kWarning;
  for (const LevelEntry& entry : kLevels) {
    if (entry.name == text) return entry.level;
  }
  return std::nullopt;
}

std::string_view LevelName(Level level) { return EntryOf(level).name; }

void SetLevel(Level level) { Logger().set_level(EntryOf(level).spdlog_level); }

bool IsEnabled(Level level) { return Logger().should_log(EntryOf(level).spdlog_level); }

void Log(Level level, std::string_view message, Fields fields) {
  if (!IsEnabled(level)) return;
  try {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::string line = FormatLine(now, level, message, fields);
    Logger().log(EntryOf(level).spdlog_level, spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {
    // Out of memory while reporting: the work that was to be reported matters more.
  }
}

std::string FormatLine(std::chrono::nanoseconds system_time, Level level, std::string_view message,
                       Fields fields) {
  nlohmann::ordered_json line;
  line["ts"] = Timestamp(system_time);
  line["level"] = LevelName(level);
  line["msg"] = message;
  for (const Field& field : fields) {
    std::string key(field.key);
    if (IsReservedKey(key)) key += '_';
    std::visit([&](const auto& value) { line[std::move(key)] = value; }, field.value);
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace firstline::log
