#include "common/log/log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace firstline::log {
namespace {

constexpr std::chrono::nanoseconds kMoment = std::chrono::seconds(1'767'323'045) +
                                             std::chrono::microseconds(6'789);

TEST(FormatLineTest, KeepsOrderAndTypes) {
  const std::string name = "sales";
  EXPECT_EQ(FormatLine(kMoment, Level::kWarning, "queue full",
                       {{"queue", name}, {"waiting", 12u}, {"delta", -3}, {"share", 0.5},
                        {"live", true}, {"why", "bound"}}),
            R"({"ts":"2026-01-02T03:04:05.006789Z","level":"warning","msg":"queue full",)"
            R"("queue":"sales","waiting":12,"delta":-3,"share":0.5,"live":true,"why":"bound"})");
}

TEST(FormatLineTest, TimesBefore1970AreWritten) {
  const std::string line = FormatLine(std::chrono::microseconds(-1), Level::kInfo, "x", {});
  EXPECT_EQ(nlohmann::json::parse(line)["ts"], "1969-12-31T23:59:59.999999Z");
}

TEST(FormatLineTest, HostileTextStaysOneParsableLine) {
  const std::string hostile("\"}\n{\"level\":\"error\"\\ \t\x01\x7f \xff\xc3\xe2\x82 ok\0z", 33);
  const std::string line = FormatLine(kMoment, Level::kInfo, hostile, {{hostile, hostile}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["level"], "info");
  const std::string text = parsed["msg"];
  EXPECT_NE(text.find("\xEF\xBF\xBD"), std::string::npos);
  EXPECT_NE(text.find("\"}\n{\"level\""), std::string::npos);
}

TEST(FormatLineTest, FieldsCannotPoseAsTheLinesOwnKeys) {
  const auto parsed = nlohmann::json::parse(
      FormatLine(kMoment, Level::kInfo, "real", {{"msg", "forged"}, {"level", 1}, {"ts", 2}}));
  EXPECT_EQ(parsed["msg"], "real");
  EXPECT_EQ(parsed["msg_"], "forged");
  EXPECT_EQ(parsed["level"], "info");
}

TEST(FormatLineTest, NumbersThatJsonLacksBecomeNull) {
  const auto parsed =
      nlohmann::json::parse(FormatLine(kMoment, Level::kInfo, "x", {{"nan", std::nan("")}}));
  EXPECT_TRUE(parsed["nan"].is_null());
}

TEST(LogTest, WritesWhatTheLevelAllows) {
  testing::internal::CaptureStderr();
  SetLevel(Level::kWarning);
  Info("dropped");
  Error("kept", {{"n", 1}});
  SetLevel(Level::kOff);
  Error("dropped as well");
  SetLevel(Level::kInfo);
  const std::string output = testing::internal::GetCapturedStderr();
  ASSERT_FALSE(output.empty());
  EXPECT_EQ(output.find('\n'), output.size() - 1);
  const auto parsed = nlohmann::json::parse(output);
  EXPECT_EQ(parsed["msg"], "kept");
  EXPECT_EQ(parsed["n"], 1);
}

TEST(LogTest, BracesInAMessageAreText) {
  testing::internal::CaptureStderr();
  Info("{} {0} %s %v");
  EXPECT_EQ(nlohmann::json::parse(testing::internal::GetCapturedStderr())["msg"], "{} {0} %s %v");
}

TEST(LevelTest, NamesReadBack) {
  for (Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError, Level::kOff}) {
    EXPECT_EQ(ParseLevel(LevelName(level)), level);
  }
  EXPECT_EQ(ParseLevel("warn"), Level::kWarning);
  EXPECT_EQ(ParseLevel("INFO"), std::nullopt);
  EXPECT_EQ(ParseLevel(""), std::nullopt);
}

}  // namespace
}  // namespace firstline::log
